import { alerts, dashboards, expressions, rules } from './deployed.ts'

/** What a range is here, where all that has happened happened within minutes. */
const values: Readonly<Record<string, string>> = { __rate_interval: '20s', __range: '1h', objective: '0.995' }

/** With its variables replaced, as Grafana does it; "All" is `.*`. */
export function substituted(expr: string): string {
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => values[name] ?? '.*')
}

/**
 * An alert's expression has no result when all is well, and just as little when a metric is misspelled. With `bool` a
 * comparison says 0 or 1 for all that it compares, so that only what is missing is missing. And what it compares with an
 * hour ago, it compares with the second before.
 */
export function withoutFilters(expr: string): string {
  const outsideBraces = (part: string) =>
    part.startsWith('{') ? part : part.replaceAll(/(==|!=|>=|<=|[<>])(?=\s)/g, '$1 bool')
  return expr
    .split(/(\{[^}]*\})/)
    .map(outsideBraces)
    .join('')
}

export const nearer = (expr: string) => expr.replaceAll(/offset \w+/g, 'offset 1s')

export interface Question {
  readonly where: string
  readonly expr: string
}

/** All that is deployed, in the form in which it must have an answer under load. */
export function questions(): Question[] {
  const ofAlerts = new Set(alerts().map(({ alert }) => alert))
  return expressions().map(({ where, expr }) => {
    const asked = nearer(substituted(expr))
    return { where, expr: ofAlerts.has(where) ? withoutFilters(asked) : asked }
  })
}

/** `label_values(series, label)` of the dashboards' variables. */
export function labelQuestions(): { where: string; series: string; label: string }[] {
  return dashboards().flatMap(({ title, templating }) =>
    templating.list.flatMap(({ name, query }) => {
      const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(String(query)) ?? []
      if (series === undefined || label === undefined) return []
      return [{ where: `${title} / $${name}`, series: substituted(series), label }]
    }),
  )
}

/** What dashboards asked that were made for the names of the contract, before there was Tollgate. */
export const olderQuestions: readonly Question[] = [
  ['spend by department (pie, 30 days)', 'sum by (department) (increase(holysheep_cost_usd_total[30d]))'],
  ['token rate by department', 'sum by (department, token_type) (rate(holysheep_token_usage_total[20s]))'],
  [
    'p95 latency by model',
    'histogram_quantile(0.95, sum by (le, model) (rate(holysheep_request_latency_seconds_bucket[20s])))',
  ],
  ['budget utilisation', 'holysheep_monthly_budget_used_usd / holysheep_monthly_budget_limit_usd * 100'],
  ['p50 latency', 'histogram_quantile(0.50, sum(rate(ai_api_request_duration_milliseconds_bucket[20s])) by (le))'],
  ['cost of the last 24 h', 'sum(increase(ai_api_cost_usd_cents[24h])) / 100'],
  ['requests per minute', 'sum(rate(ai_api_requests_total[1m])) * 60'],
  ['error rate', 'sum(rate(ai_api_errors_total[5m])) / sum(rate(ai_api_requests_total[5m])) * 100'],
  [
    'p99 by model',
    'histogram_quantile(0.99, sum(rate(ai_api_request_duration_milliseconds_bucket[20s])) by (le, model))',
  ],
  ['cost by model (pie)', 'sum by (model) (increase(ai_api_cost_usd_cents[24h]))'],
  ['cost by type', 'sum by (cost_type) (ai_api_cost_usd_cents)'],
  ['rate limit', 'min by (provider, model) (ai_api_rate_limit_remaining)'],
  ['batch size', 'histogram_quantile(0.9, sum by (le) (rate(ai_api_batch_size_bucket[20s])))'],
  ['tokens', 'sum by (provider, model) (rate(ai_api_input_tokens_total[20s]) + rate(ai_api_output_tokens_total[20s]))'],
].map(([where = '', expr = '']) => ({ where: `an older dashboard / ${where}`, expr }))

export const ruleNames = () => rules().map(({ record, alert }) => record ?? alert ?? '')

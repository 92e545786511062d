import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { budgetRow } from './budgets.ts'
import { dashboardOf, type Row } from './dashboard.ts'
import { figure, gauge, lines, pie, rows } from './panels.ts'
import { byPayer, byVendor, chosen, gained, now, over, perSecond, tabled } from './promql.ts'
import { budget, department, model, project, provider, sourceOf } from './variables.ts'

const spent = `ai_api_cost_usd_cents${byVendor}`
const paid = `tollgate_cost_usd_total${byPayer}`
const tokens = `tollgate_token_usage_total${byPayer}`
const cached = `tollgate_cached_input_tokens_total${byVendor}`
const input = `ai_api_input_tokens_total${byVendor}`

/** Said wherever a sum stands that somebody might take for a bill. */
const estimate =
  'Prometheus computes it from samples of counters: close, and whole across restarts, but no bill. ' +
  '"tollgate report" has the sums of the ledger, to the last decimal.'

const inAll: Row = {
  title: 'In all',
  panels: [
    figure(
      {
        title: 'Cost of the last 24 h',
        unit: 'currencyUSD',
        description: `What calls cost that ended in the last 24 hours. ${estimate}`,
      },
      [now(`${gained(spent, '24h')} / 100`, 'cost')],
    ),
    figure(
      {
        title: 'Cost of the time shown',
        unit: 'currencyUSD',
        description: `What calls cost that ended in the dashboard's time range. ${estimate}`,
      },
      [now(`${gained(spent, '$__range')} / 100`, 'cost')],
    ),
    figure(
      { title: 'Cost of an hour, as now', unit: 'currencyUSD', description: 'The last five minutes, times twelve.' },
      [now(`${gained(spent, '5m')} / 100 * 12`, 'cost')],
    ),
    figure(
      {
        title: 'Cache share',
        unit: 'percentunit',
        description: 'Of all input tokens, those that the provider read from its cache, at the price for that.',
      },
      [now(`${gained(cached, '$__range')} / ${gained(input, '$__range')}`, 'cached')],
    ),
    figure(
      {
        title: 'Unpriced calls',
        unit: 'short',
        description: 'Calls of the time shown that cost nothing in the ledger because no price list has their model.',
      },
      [now(`${gained(`tollgate_unpriced_calls_total${byVendor}`, '$__range')} or vector(0)`, 'calls')],
      { steps: [[0.5, 'orange']] },
    ),
    figure(
      {
        title: 'Estimated calls',
        unit: 'percentunit',
        description: 'Share of calls whose provider reported no usage, so that Tollgate estimated it.',
      },
      [
        now(
          `(${gained(`tollgate_estimated_usage_calls_total${byVendor}`, '$__range')} or vector(0)) / ` +
            gained(`ai_api_requests_total${byVendor}`, '$__range'),
          'estimated',
        ),
      ],
      { steps: [[0.05, 'orange']] },
    ),
  ],
}

const whoSpends: Row = {
  title: 'Who spends',
  panels: [
    pie(
      {
        title: 'Spend by department, 30 days',
        unit: 'currencyUSD',
        span: 8,
        description: `Departments without a name are "none". ${estimate}`,
      },
      [now(gained(paid, '30d', 'department'), '{{department}}')],
    ),
    pie(
      {
        title: 'Cost by model',
        unit: 'currencyUSD',
        span: 8,
        description: `Of the time shown, by the model that served. ${estimate}`,
      },
      [now(`${gained(spent, '$__range', 'model')} / 100`, '{{model}}')],
    ),
    gauge(
      {
        title: 'Budget utilisation',
        unit: 'percentunit',
        span: 8,
        description: 'Of the monthly budgets of whole departments: what is spent of the limit.',
      },
      [
        now(
          `sum by (department) (tollgate_monthly_budget_used_usd${chosen('department')}) / ` +
            `sum by (department) (tollgate_monthly_budget_limit_usd${chosen('department')})`,
          '{{department}}',
        ),
      ],
      {
        steps: [
          [0.8, 'orange'],
          [1, 'red'],
        ],
      },
    ),
    lines(
      {
        title: 'Spend by department',
        unit: 'currencyUSD',
        description: 'US dollars an hour, at the pace of the moment.',
      },
      [over(`${perSecond(paid, 'department')} * 3600`, '{{department}}')],
      { stacked: true },
    ),
    lines(
      { title: 'Spend by project', unit: 'currencyUSD', description: 'US dollars an hour, at the pace of the moment.' },
      [over(`${perSecond(paid, 'department', 'project')} * 3600`, '{{department}} / {{project}}')],
      { stacked: true },
    ),
    lines(
      { title: 'Spend by model', unit: 'currencyUSD', description: 'US dollars an hour, at the pace of the moment.' },
      [over(`${perSecond(paid, 'model')} * 3600`, '{{model}}')],
      { stacked: true },
    ),
    lines(
      { title: 'Token rate by department', unit: 'short', description: 'Input and output tokens a second.' },
      [over(perSecond(tokens, 'department'), '{{department}}')],
      { stacked: true },
    ),
    rows(
      {
        title: 'Projects that cost the most',
        unit: 'short',
        description: `Twenty of the time shown. ${estimate}`,
      },
      [tabled(`topk(20, ${gained(paid, '$__range', 'department', 'project')})`)],
      { units: { Value: 'currencyUSD' } },
    ),
    lines(
      { title: 'Monthly budgets of departments', unit: 'currencyUSD', description: 'What is spent, and the limit.' },
      [
        over(`sum by (department) (tollgate_monthly_budget_used_usd${chosen('department')})`, '{{department}} spent'),
        over(`sum by (department) (tollgate_monthly_budget_limit_usd${chosen('department')})`, '{{department}} limit'),
      ],
    ),
  ],
}

const whatFor: Row = {
  title: 'What for',
  panels: [
    lines(
      {
        title: 'Spend by part',
        unit: 'currencyUSD',
        description:
          'US dollars an hour: input, cached input, writes to the cache, output, and what is billed beside tokens.',
      },
      [over(`${perSecond(spent, 'cost_type')} / 100 * 3600`, '{{cost_type}}')],
      { stacked: true },
    ),
    lines(
      {
        title: 'Cache share by model',
        unit: 'percentunit',
        description: 'Of the input tokens, those that the provider read from its cache.',
      },
      [over(`${perSecond(cached, 'model')} / ${perSecond(input, 'model')}`, '{{model}}')],
    ),
    lines(
      {
        title: 'Tokens by kind',
        unit: 'short',
        description:
          'A second. Cached tokens and writes to the cache are part of the input, reasoning is part of the output.',
      },
      [
        over(perSecond(input), 'input'),
        over(perSecond(cached), 'cached input'),
        over(perSecond(`tollgate_cache_write_tokens_total${byVendor}`), 'cache writes'),
        over(perSecond(`ai_api_output_tokens_total${byVendor}`), 'output'),
        over(perSecond(`tollgate_reasoning_tokens_total${byVendor}`), 'reasoning'),
      ],
    ),
    lines(
      {
        title: 'What the ledger knows less well',
        unit: 'short',
        description:
          'Calls an hour without a price, with estimated usage, and claims of a payer that a key does not allow.',
      },
      [
        over(`${perSecond(`tollgate_unpriced_calls_total${byVendor}`, 'model')} * 3600`, 'unpriced {{model}}'),
        over(`${perSecond(`tollgate_estimated_usage_calls_total${byVendor}`, 'model')} * 3600`, 'estimated {{model}}'),
        over(`${perSecond('tollgate_attribution_denied_total')} * 3600`, 'claims denied'),
      ],
    ),
    lines(
      {
        title: 'Metered elsewhere',
        unit: 'short',
        description: 'Events an hour that other systems sent to be booked, and those that came again and counted once.',
      },
      [
        over(`${perSecond('tollgate_external_events_total')} * 3600`, 'events'),
        over(`${perSecond('tollgate_external_replays_total')} * 3600`, 'repeated'),
      ],
    ),
  ],
}

export function costDashboard(): Dashboard {
  return dashboardOf({
    uid: 'tollgate-cost',
    title: 'Tollgate: cost and attribution',
    description: 'What calls cost, who pays for them, and how far budgets reach. Reads Prometheus.',
    from: '24h',
    variables: [sourceOf('prometheus'), provider(), model(), department(), project(), budget()],
    rows: [inAll, whoSpends, budgetRow, whatFor],
  })
}

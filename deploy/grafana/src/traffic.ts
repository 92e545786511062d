import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { dashboardOf, type Row } from './dashboard.ts'
import { insideRows } from './inside.ts'
import { figure, lines } from './panels.ts'
import { byPayer, byVendor, chosen, gained, now, over, perSecond, quantile } from './promql.ts'
import { department, model, objective, project, provider, sourceOf } from './variables.ts'

const requests = `ai_api_requests_total${byVendor}`
const errors = `ai_api_errors_total${byVendor}`
const duration = 'ai_api_request_duration_milliseconds'

/** Answers that are the gateway's or its providers' fault; a caller's own mistake uses up no error budget. */
const failed = `ai_api_requests_total{provider=~"$provider",model=~"$model",status_code=~"5.."}`

/** Of something that may never have happened: its series appear with the first time. */
const orNone = (expr: string) => `(${expr} or vector(0))`

const atAGlance: Row = {
  title: 'At a glance',
  panels: [
    figure({ title: 'Requests a minute', unit: 'reqpm', description: 'Of the last five minutes.' }, [
      now(`sum(rate(${requests}[5m])) * 60`, 'requests'),
    ]),
    figure(
      {
        title: 'Error rate',
        unit: 'percentunit',
        description: 'Of the last five minutes: the share of calls that ended in an error, whosever it was.',
      },
      [now(`${orNone(`sum(rate(${errors}[5m]))`)} / sum(rate(${requests}[5m]))`, 'errors')],
      {
        steps: [
          [0.01, 'orange'],
          [0.05, 'red'],
        ],
      },
    ),
    figure(
      {
        title: 'p50 latency',
        unit: 'ms',
        description: 'Half of the calls of the last five minutes took less, to their last byte.',
      },
      [now(`histogram_quantile(0.5, sum by (le) (rate(${duration}_bucket${byVendor}[5m])))`, 'p50')],
    ),
    figure(
      {
        title: 'p95 latency',
        unit: 'ms',
        description: 'The buckets end at 10 seconds: what takes longer is shown as 10 seconds.',
      },
      [now(`histogram_quantile(0.95, sum by (le) (rate(${duration}_bucket${byVendor}[5m])))`, 'p95')],
    ),
    figure(
      {
        title: 'Error budget left',
        unit: 'percentunit',
        description: 'Of 30 days, at the objective chosen above: 100 % is untouched, below 0 % it is overdrawn.',
      },
      [now(`1 - ${orNone(gained(failed, '30d'))} / ${gained(requests, '30d')} / (1 - $objective)`, 'left')],
    ),
    figure({ title: 'In flight', unit: 'short', description: 'Calls under way.' }, [
      now('sum(tollgate_calls_in_flight)', 'calls'),
    ]),
  ],
}

const calls: Row = {
  title: 'Calls',
  panels: [
    lines(
      { title: 'Requests per minute', unit: 'reqpm', description: 'By the status that the caller got.' },
      [over(`${perSecond(requests, 'status_code')} * 60`, '{{status_code}}')],
      { stacked: true },
    ),
    lines(
      { title: 'Requests per minute by model', unit: 'reqpm', description: 'By the model that was to serve.' },
      [over(`${perSecond(requests, 'model')} * 60`, '{{model}}')],
      { stacked: true },
    ),
    lines({ title: 'Error rate over time', unit: 'percentunit', description: 'By provider.' }, [
      over(`${perSecond(errors, 'provider')} / ${perSecond(requests, 'provider')}`, '{{provider}}'),
    ]),
    lines({ title: 'Errors by kind', unit: 'reqpm', description: 'A minute.' }, [
      over(`${perSecond(errors, 'error_type')} * 60`, '{{error_type}}'),
    ]),
    lines(
      {
        title: 'Error budget burn',
        unit: 'short',
        description: 'How much faster than the objective allows errors come: 1 uses the budget up in exactly 30 days.',
      },
      [
        over(
          `${orNone(`sum(rate(${failed}[1h]))`)} / sum(rate(${requests}[1h])) / (1 - $objective)`,
          'of the last hour',
        ),
        over(
          `${orNone(`sum(rate(${failed}[6h]))`)} / sum(rate(${requests}[6h])) / (1 - $objective)`,
          'of the last six hours',
        ),
      ],
    ),
    lines(
      {
        title: 'How calls ended',
        unit: 'reqpm',
        description:
          'Served, failed, left by their caller, refused, or interrupted by the death of the gateway; a minute.',
      },
      [
        over(`${perSecond('tollgate_calls_total', 'outcome')} * 60`, '{{outcome}}'),
        over(`${perSecond('tollgate_clients_left_total')} * 60`, 'clients left'),
      ],
    ),
    lines(
      {
        title: 'Refusals',
        unit: 'reqpm',
        description: 'A minute, by code: those in the ledger, and strangers, who are not.',
      },
      [
        over(`${perSecond('tollgate_refusals_total', 'code')} * 60`, '{{code}}'),
        over(`${perSecond('tollgate_strangers_refused_total', 'code')} * 60`, 'stranger: {{code}}'),
      ],
    ),
    lines(
      { title: 'Inputs per call', unit: 'short', description: 'Batch size, such as texts of a call for embeddings.' },
      [
        over(quantile(0.5, 'ai_api_batch_size', byVendor, 'model'), '{{model}} p50'),
        over(quantile(0.95, 'ai_api_batch_size', byVendor, 'model'), '{{model}} p95'),
      ],
    ),
  ],
}

const latency: Row = {
  title: 'Latency',
  panels: [
    lines(
      {
        title: 'p95 latency by model',
        unit: 's',
        description: 'From the request to the last byte, of the calls of the departments and projects chosen.',
      },
      [over(quantile(0.95, 'tollgate_request_latency_seconds', byPayer, 'model'), '{{model}}')],
    ),
    lines(
      {
        title: 'p50, p95 and p99 by model',
        unit: 'ms',
        description: 'From the request to the last byte; at most 10 s.',
      },
      [
        over(quantile(0.5, duration, byVendor, 'model'), '{{model}} p50'),
        over(quantile(0.95, duration, byVendor, 'model'), '{{model}} p95'),
        over(quantile(0.99, duration, byVendor, 'model'), '{{model}} p99'),
      ],
    ),
    lines(
      { title: 'p95 latency by endpoint', unit: 'ms', description: 'From the request to the last byte; at most 10 s.' },
      [over(quantile(0.95, duration, byVendor, 'endpoint'), '{{endpoint}}')],
    ),
    lines({ title: 'p95 latency by department', unit: 's', description: 'From the request to the last byte.' }, [
      over(quantile(0.95, 'tollgate_request_latency_seconds', byPayer, 'department'), '{{department}}'),
    ]),
    lines({ title: 'Time to first token', unit: 's', description: 'Of streams.' }, [
      over(quantile(0.5, 'tollgate_time_to_first_token_seconds', byVendor, 'model'), '{{model}} p50'),
      over(quantile(0.95, 'tollgate_time_to_first_token_seconds', byVendor, 'model'), '{{model}} p95'),
    ]),
    lines({ title: 'Tokens per second', unit: 'short', description: 'Half of the streams of a model were faster.' }, [
      over(quantile(0.5, 'tollgate_output_tokens_per_second', byVendor, 'model'), '{{model}}'),
    ]),
    lines(
      {
        title: 'Gateway overhead',
        unit: 's',
        description: 'What a call took because of the gateway: all of its time but that of the provider.',
        span: 24,
      },
      [
        over(quantile(0.5, 'tollgate_overhead_seconds', '', 'endpoint'), '{{endpoint}} p50'),
        over(quantile(0.95, 'tollgate_overhead_seconds', '', 'endpoint'), '{{endpoint}} p95'),
        over(quantile(0.99, 'tollgate_overhead_seconds', '', 'endpoint'), '{{endpoint}} p99'),
      ],
    ),
  ],
}

const upstreams: Row = {
  title: 'Providers',
  panels: [
    lines({ title: 'Attempts', unit: 'reqpm', description: 'A minute. A call can take several.' }, [
      over(`${perSecond('tollgate_upstream_attempts_total', 'upstream')} * 60`, '{{upstream}}'),
    ]),
    lines({ title: 'Attempts that were retries', unit: 'percentunit', description: 'Share of the attempts.' }, [
      over(
        `${perSecond('tollgate_upstream_retries_total', 'upstream')} / ${perSecond('tollgate_upstream_attempts_total', 'upstream')}`,
        '{{upstream}}',
      ),
    ]),
    lines({ title: 'Upstream errors', unit: 'reqpm', description: 'Attempts a minute that failed, by kind.' }, [
      over(`${perSecond('tollgate_upstream_errors_total', 'upstream', 'kind')} * 60`, '{{upstream}} {{kind}}'),
    ]),
    lines(
      {
        title: 'Rate limit left',
        unit: 'percentunit',
        description: "Of the provider's rate limit, as its last answer said. It stands still where no calls are made.",
      },
      [over('tollgate_upstream_rate_limit_ratio', '{{upstream}} {{model}} {{resource}}')],
    ),
    lines(
      { title: 'Requests left', unit: 'short', description: "Of the provider's rate limit, as its last answer said." },
      [
        over(
          `min by (provider, model) (ai_api_rate_limit_remaining${chosen('provider', 'model')})`,
          '{{provider}} {{model}}',
        ),
      ],
    ),
    lines(
      { title: 'p95 latency by provider', unit: 'ms', description: 'From the request to the last byte; at most 10 s.' },
      [over(quantile(0.95, duration, byVendor, 'provider'), '{{provider}}')],
    ),
  ],
}

export function trafficDashboard(): Dashboard {
  return dashboardOf({
    uid: 'tollgate-traffic',
    title: 'Tollgate: traffic and latency',
    description: 'Calls, errors, latency, providers, and the gateway itself. Reads Prometheus.',
    from: '6h',
    variables: [sourceOf('prometheus'), provider(), model(), department(), project(), objective()],
    rows: [atAGlance, calls, latency, upstreams, ...insideRows],
  })
}

import type { Definition } from './family.ts'

/*
 * All families of the gateway, but those that prom-client has of every Node.js process. docs/metrics.md says the same
 * to operators; a test compares the two. Help texts have no double quotes: OpenMetrics wants them escaped there.
 */

/** Contract: fixed by dashboards that exist. */
const milliseconds = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
const batches = [1, 5, 10, 25, 50, 100]
const latencySeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Ours. */
const overheadSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const firstTokenSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const tokensPerSecond = [5, 10, 20, 40, 60, 80, 100, 150, 200, 400, 1000]
const syncSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1]

const byModel = ['provider', 'model']
const byLimit = ['budget', 'window', 'unit']

function counter(name: string, labels: readonly string[], help: string): Definition {
  return { name, type: 'counter', labels, help }
}

function gauge(name: string, labels: readonly string[], help: string): Definition {
  return { name, type: 'gauge', labels, help }
}

function histogram(
  name: string,
  labels: readonly string[],
  { buckets, help }: { readonly buckets: readonly number[]; readonly help: string },
): Definition {
  return { name, type: 'histogram', labels, help, buckets }
}

/** One observation or increment for each call in the ledger. */
export const callDefinitions = {
  requests: counter('ai_api_requests_total', [...byModel, 'endpoint', 'status_code'], 'Calls in the ledger.'),
  duration: histogram('ai_api_request_duration_milliseconds', [...byModel, 'endpoint'], {
    buckets: milliseconds,
    help: 'From the arrival of a call to its last byte, without what was metered elsewhere.',
  }),
  inputTokens: counter('ai_api_input_tokens_total', byModel, 'Input tokens, cached ones included.'),
  outputTokens: counter('ai_api_output_tokens_total', byModel, 'Output tokens, reasoning included.'),
  costCents: counter('ai_api_cost_usd_cents', [...byModel, 'cost_type'], 'Cost in US cents.'),
  errors: counter('ai_api_errors_total', [...byModel, 'error_type'], 'Calls that reports count as errors.'),
  batchSize: histogram('ai_api_batch_size', byModel, { buckets: batches, help: 'Inputs of a call.' }),
  outcomes: counter('tollgate_calls_total', ['outcome'], 'Calls in the ledger by what became of them.'),
  overhead: histogram('tollgate_overhead_seconds', ['endpoint'], {
    buckets: overheadSeconds,
    help: 'What the gateway itself added to a call that went upstream.',
  }),
  firstToken: histogram('tollgate_time_to_first_token_seconds', byModel, {
    buckets: firstTokenSeconds,
    help: 'From the arrival of a streamed call to the first byte of its answer.',
  }),
  outputRate: histogram('tollgate_output_tokens_per_second', byModel, {
    buckets: tokensPerSecond,
    help: 'Output tokens of a served stream by the time from its first byte to its last.',
  }),
  attempts: counter('tollgate_upstream_attempts_total', ['upstream'], 'Tries at a provider.'),
  retries: counter('tollgate_upstream_retries_total', ['upstream'], 'Tries after the first of a call.'),
  upstreamErrors: counter('tollgate_upstream_errors_total', ['upstream', 'kind'], 'Tries that failed.'),
  refusals: counter('tollgate_refusals_total', ['code'], 'Calls that the gateway refused, in the ledger.'),
  budgetRefusals: counter('tollgate_budget_refusals_total', ['budget'], 'Calls that a limit of this budget refused.'),
  unpriced: counter('tollgate_unpriced_calls_total', byModel, 'Calls for whose usage no price is known.'),
  estimated: counter('tollgate_estimated_usage_calls_total', byModel, 'Calls whose usage had to be estimated.'),
  cachedInput: counter('tollgate_cached_input_tokens_total', byModel, 'Input tokens read from a cache.'),
  cacheWrite: counter('tollgate_cache_write_tokens_total', byModel, 'Input tokens written to a cache.'),
  reasoning: counter('tollgate_reasoning_tokens_total', byModel, 'Output tokens spent on reasoning.'),
  clientsLeft: counter('tollgate_clients_left_total', [], 'Calls whose caller left before the end of the answer.'),
  externalEvents: counter('tollgate_external_events_total', [], 'Costs metered elsewhere that were booked.'),
} as const satisfies Readonly<Record<string, Definition>>

/** What calls cost whom; once under each configured prefix. */
export function payerDefinitions(prefix: string) {
  const byPayer = ['department', 'project', 'model']
  return {
    tokens: counter(`${prefix}token_usage_total`, [...byPayer, 'token_type'], 'Tokens by who pays for them.'),
    cost: counter(`${prefix}cost_usd_total`, byPayer, 'Cost in USD by who pays.'),
    latency: histogram(`${prefix}request_latency_seconds`, byPayer, {
      buckets: latencySeconds,
      help: 'From the arrival of a call to its last byte, by who pays.',
    }),
    monthlyUsed: gauge(`${prefix}monthly_budget_used_usd`, ['department'], 'Spent of the monthly budget, in USD.'),
    monthlyLimit: gauge(`${prefix}monthly_budget_limit_usd`, ['department'], 'Limit of the monthly budget, in USD.'),
  }
}

/** What the road sees and the ledger does not. */
export const roadDefinitions = {
  connectionsRefused: counter('tollgate_connections_refused_total', [], 'Connections beyond limits.connections.'),
  strangersRefused: counter('tollgate_strangers_refused_total', ['code'], 'Calls refused without a ledger entry.'),
  attributionDenied: counter(
    'tollgate_attribution_denied_total',
    [],
    'Attribution fields that a key does not leave to its callers.',
  ),
  externalReplays: counter('tollgate_external_replays_total', [], 'Costs metered elsewhere that came again.'),
  labelOverflow: counter('tollgate_label_overflow_total', ['label'], 'Label values that became other, past the cap.'),
  rateLimitRemaining: gauge(
    'ai_api_rate_limit_remaining',
    byModel,
    'Requests that the provider still allows in its window, as its latest answer says.',
  ),
  rateLimitRatio: gauge(
    'tollgate_upstream_rate_limit_ratio',
    ['upstream', 'model', 'resource'],
    'What the provider still allows in its window, of its limit.',
  ),
} as const satisfies Readonly<Record<string, Definition>>

/** What is read when somebody asks. */
export const stateDefinitions = {
  inFlight: gauge('tollgate_calls_in_flight', [], 'Calls under way.'),
  journalSize: gauge('tollgate_journal_size_bytes', [], 'Size of the journal on the disk.'),
  journalWritten: counter('tollgate_journal_written_bytes_total', [], 'Bytes written to the journal.'),
  journalEntries: counter('tollgate_journal_entries_total', ['kind'], 'Entries written to the journal.'),
  journalSync: histogram('tollgate_journal_fsync_seconds', [], {
    buckets: syncSeconds,
    help: 'How long a sync of the journal took.',
  }),
  journalFree: gauge('tollgate_journal_disk_free_bytes', [], 'What is free on the disk of the journal.'),
  journalRefusing: gauge(
    'tollgate_journal_refusing',
    [],
    '1 while the journal takes no new calls, so they are refused.',
  ),
  budgetLimit: gauge('tollgate_budget_limit', byLimit, 'Limit of a budget in its unit.'),
  budgetSpent: gauge('tollgate_budget_spent', byLimit, 'Spent in the window that holds now.'),
  budgetHeld: gauge('tollgate_budget_held', byLimit, 'Set aside for calls under way.'),
  budgetAvailable: gauge('tollgate_budget_available', byLimit, 'Limit less spent and held; below 0 if overdrawn.'),
  budgetForecast: gauge('tollgate_budget_forecast', byLimit, 'Spent by the end of the window if it goes on like this.'),
  windowStart: gauge('tollgate_budget_window_start_timestamp_seconds', byLimit, 'When the window began.'),
  windowEnd: gauge('tollgate_budget_window_end_timestamp_seconds', byLimit, 'When the window ends and is reset.'),
  buildInfo: gauge('tollgate_build_info', ['version', 'node_version'], 'Always 1; what runs here.'),
  ready: gauge('tollgate_ready', [], '1 while new calls are taken, as /ready says.'),
  familiesLeftOut: gauge(
    'tollgate_metrics_left_out',
    [],
    'Families too long for this exposition; absent but for a fault.',
  ),
  consoleUp: gauge('tollgate_console_up', [], '1 if the console answered this scrape.'),
} as const satisfies Readonly<Record<string, Definition>>

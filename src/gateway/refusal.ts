import type { JournalFault } from '#core/ledger/fault.ts'
import type { BodyFault } from '#ports.ts'

/**
 * Why the gateway answers by itself. Everything that can go wrong before or instead of an upstream's answer has one
 * row here; nothing else in the gateway knows a status code of its own.
 */
export const refusalStatus = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_attribution: 400,
  unsupported_endpoint: 400,
  call_unbounded: 400,
  invalid_api_key: 401,
  invalid_jwt: 401,
  budget_exceeded: 402,
  model_not_allowed: 403,
  endpoint_not_allowed: 403,
  model_not_priced: 403,
  model_not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  unsupported_content_type: 415,
  websocket_not_served: 426,
  rate_limited: 429,
  client_left: 499,
  internal_error: 500,
  upstream_unavailable: 502,
  upstream_error: 502,
  budget_not_ready: 503,
  jwt_keys_unavailable: 503,
  journal_full: 503,
  journal_failing: 503,
  requests_full: 503,
  shutting_down: 503,
  upstream_timeout: 504,
} as const

export type RefusalCode = keyof typeof refusalStatus

export interface Refusal {
  readonly kind: 'refused'
  readonly code: RefusalCode
  /** For the developer who reads it: what is wrong and what to do. */
  readonly message: string
  /** Name of the field at fault, where there is one. */
  readonly param?: string
  /** In place of the code's own status, where a setting says so. */
  readonly status?: number
  /** When another try can succeed. */
  readonly retryAfterMs?: number
  /** Further headers of the answer, names and values in turn. */
  readonly headers?: readonly string[]
  /** What the record says of it beside the code. */
  readonly marks?: readonly string[]
}

export function statusOf(refusal: Refusal): number {
  return refusal.status ?? refusalStatus[refusal.code]
}

export function refused(code: RefusalCode, message: string, param?: string): Refusal {
  return param === undefined ? { kind: 'refused', code, message } : { kind: 'refused', code, message, param }
}

export const stopping: Refusal = refused(
  'shutting_down',
  'This gateway is stopping; another one, or this one after its restart, will take the call.',
)

/** A body that is not to be had. */
export function refusedBody({ code, message }: BodyFault): Refusal {
  if (code === 'requests_full') return { ...refused(code, message), retryAfterMs: fullRetryAfterMs }
  return refused(code === 'client_gone' ? 'client_left' : code, message)
}

/** Room comes free when calls end, which takes seconds. */
const fullRetryAfterMs = 5_000

/** An entry that the journal does not take, by the fault's own word; null where it cannot be told to a caller. */
export function refusedByJournal({ code, message }: JournalFault): Refusal | null {
  if (code === 'journal_full' || code === 'journal_failing') return refused(code, message)
  return code === 'journal_closed' ? stopping : null
}

/** Whether a client that retries the same request can hope for another answer. */
export function mayRetry(code: RefusalCode): boolean {
  return refusalStatus[code] >= 500
}

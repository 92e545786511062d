import type { SettleEntry } from '#core/ledger/entry.ts'

const timeouts: ReadonlySet<string> = new Set([
  'upstream_connect_timeout',
  'upstream_first_byte_timeout',
  'upstream_idle_timeout',
])

/**
 * What `error_type` a call counts under; null where reports count no error either (docs/decisions/0055). Pure, and of
 * a closed set:
 *
 * - `http_NNN`: the status, of the provider's answer or, where the gateway refused the call, of its own;
 * - `timeout`: the provider took longer than its settings allow;
 * - `exception`: it could not be reached, broke off, answered what is no answer, or the gateway itself failed;
 * - `answer`: it answered with status 200, and with an error in the answer;
 * - `interrupted`: the gateway stopped or died before the answer had ended.
 */
export function errorTypeOf(entry: SettleEntry): string | null {
  const { outcome, statusCode, errorCode, attempts } = entry
  switch (outcome) {
    case 'served':
    case 'cancelled':
      return statusCode >= 400 ? `http_${statusCode}` : null
    case 'interrupted':
      return 'interrupted'
    case 'refused':
      return `http_${statusCode}`
    case 'failed': {
      if (timeouts.has(errorCode)) return 'timeout'
      // The caller was told 502, since it can do nothing about the gateway's own key.
      if (errorCode === 'upstream_unauthorized') return 'http_401'
      const answered = attempts.at(-1)?.status ?? 0
      if (answered >= 400) return `http_${answered}`
      return errorCode.startsWith('upstream_') || errorCode === 'internal_error' ? 'exception' : 'answer'
    }
  }
}

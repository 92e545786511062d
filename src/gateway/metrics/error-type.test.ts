import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SettleEntry } from '#core/ledger/entry.ts'
import { errorTypeOf } from './error-type.ts'

const served = { outcome: 'served', statusCode: 200, errorCode: '', attempts: [{ status: 200 }] }

const cases: readonly [what: string, changed: object, type: string | null][] = [
  ['a good answer', {}, null],
  ['a caller who left', { outcome: 'cancelled', errorCode: 'client_left' }, null],
  ['a stream that a budget ended', { errorCode: 'budget_exceeded' }, null],
  [
    'a refusal of the provider',
    { outcome: 'failed', statusCode: 429, errorCode: 'rate_limit', attempts: [{ status: 429 }] },
    'http_429',
  ],
  [
    'a retry that failed too',
    { outcome: 'failed', statusCode: 503, errorCode: 'x', attempts: [{ status: 500 }, { status: 503 }] },
    'http_503',
  ],
  [
    'a provider that is too slow',
    { outcome: 'failed', statusCode: 504, errorCode: 'upstream_first_byte_timeout', attempts: [{ status: 0 }] },
    'timeout',
  ],
  ['one that stalls in a stream', { outcome: 'failed', errorCode: 'upstream_idle_timeout' }, 'timeout'],
  [
    'one that cannot be reached',
    { outcome: 'failed', statusCode: 502, errorCode: 'upstream_connect_failed', attempts: [{ status: 0 }] },
    'exception',
  ],
  ['one that breaks off', { outcome: 'failed', errorCode: 'upstream_reset' }, 'exception'],
  [
    'a key of ours that is refused',
    { outcome: 'failed', statusCode: 502, errorCode: 'upstream_unauthorized', attempts: [{ status: 401 }] },
    'http_401',
  ],
  ['an error inside a stream', { outcome: 'failed', errorCode: 'overloaded_error' }, 'answer'],
  ['a background job that failed', { outcome: 'failed', errorCode: 'server_error', attempts: [] }, 'answer'],
  [
    'a fault of the gateway',
    { outcome: 'failed', statusCode: 500, errorCode: 'internal_error', attempts: [] },
    'exception',
  ],
  [
    'a budget that is spent',
    { outcome: 'refused', statusCode: 402, errorCode: 'budget_exceeded', attempts: [] },
    'http_402',
  ],
  [
    'a call that the gateway died under',
    { outcome: 'interrupted', statusCode: 0, errorCode: 'interrupted', attempts: [] },
    'interrupted',
  ],
]

for (const [what, changed, type] of cases) {
  test(`${what} is ${type ?? 'no error'}`, () => {
    assert.equal(errorTypeOf({ ...served, ...changed } as unknown as SettleEntry), type)
  })
}

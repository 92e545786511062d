import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyPayer } from '#core/attribution/payer.ts'
import { createKeyRing } from '#core/keys/ring.ts'
import type { ClientExchange } from '#ports.ts'
import type { ClaimsVerdict, ClaimsVerifier, Road } from '../road.ts'
import { admit, admitWithToken } from './admit.ts'

const endMs = 1_000
const ring = createKeyRing({
  fromConfig: ['good', 'old'].map((name) => ({
    ...{ name, keySha256: `digest of ${name}`, attribution: emptyPayer, mayOverride: [], models: null, mayBill: true },
    expiresAtMs: name === 'old' ? endMs : null,
  })),
  stored: [],
  digest: (secret) => `digest of ${secret}`,
  sameDigest: (a, b) => a === b,
  matcher: () => () => true,
})
const road = { keys: () => ring } as unknown as Road

const asking = (headers: Record<string, string>, query = '') => ({ headers, query }) as unknown as ClientExchange

test('a key is taken from any of its carriers, the first of those that have one', () => {
  for (const [headers, query, verdict] of [
    [{ authorization: 'Bearer good' }, '', 'cfg_good'],
    [{ authorization: 'bearer  good ' }, '', 'cfg_good'],
    [{ authorization: 'good' }, '', 'cfg_good'],
    [{ authorization: '', 'x-api-key': 'good' }, '', 'cfg_good'],
    [{ 'x-goog-api-key': 'good' }, '', 'cfg_good'],
    [{}, '?key=good', 'cfg_good'],
    [{ authorization: 'Bearer bad', 'x-api-key': 'good' }, '?key=good', 'not known'],
    [{ 'x-api-key': 'bad', 'x-goog-api-key': 'good' }, '', 'not known'],
    [{ 'x-api-key': 'old' }, '', 'expired'],
    [{ authorization: 'Bearer ' }, '', 'No key was sent'],
    [{ authorization: 'Bearer' }, '', 'No key was sent'],
    [{ authorization: 'Bearer', 'x-api-key': 'good' }, '', 'cfg_good'],
    [{ authorization: 'Bearer ' }, '?key=good', 'cfg_good'],
    [{ authorization: 'bearers', 'x-api-key': 'good' }, '', 'not known'],
    [{}, '?kay=good', 'No key was sent'],
  ] as const) {
    const caller = admit(road, asking(headers, query), endMs)
    const said = caller.kind === 'admitted' ? caller.key.id : caller.message
    assert.ok(said.includes(verdict), `${JSON.stringify(headers)} ${query}: ${said}`)
  }
  assert.equal(admit(road, asking({ 'x-api-key': 'old' }), endMs - 1).kind, 'admitted')
})

const claims = { user_id: 'u' } as unknown as (ClaimsVerdict & { kind: 'valid' })['claims']
const verdicts: Readonly<Record<string, ClaimsVerdict>> = {
  valid: { kind: 'valid', claims },
  forged: { kind: 'invalid', reason: 'its signature is wrong', because: 'token' },
  unchecked: { kind: 'invalid', reason: 'no answer', because: 'keys' },
}

test('where a token is required, nobody is let in without a valid one; where it is not, with a wrong one', async () => {
  for (const [required, token, expected] of [
    [true, null, 'invalid_jwt'],
    [true, '', 'invalid_jwt'],
    [true, 'valid', 'admitted'],
    [true, 'Bearer valid', 'admitted'],
    [true, 'forged', 'invalid_jwt'],
    [true, 'unchecked', 'jwt_keys_unavailable'],
    [false, null, 'admitted'],
    [false, 'valid', 'admitted'],
    [false, 'forged', 'invalid_jwt'],
    [false, 'unchecked', 'jwt_keys_unavailable'],
  ] as const) {
    const verifier: ClaimsVerifier = {
      ...{ header: 'x-token', required },
      verify: async (sent) => verdicts[sent] ?? assert.fail(sent),
    }
    const headers = { authorization: 'Bearer good', ...(token === null ? {} : { 'x-token': token }) }
    const caller = await admitWithToken(road, verifier, asking(headers), 0)
    assert.equal(caller.kind === 'admitted' ? caller.kind : caller.code, expected, `${required} ${token}`)
    if (caller.kind === 'admitted') assert.equal(caller.claims, token?.endsWith('valid') === true ? claims : null)
  }
})

test('a key that is not good is refused before its token is looked at', async () => {
  const verifier: ClaimsVerifier = { header: 'x-token', required: true, verify: () => assert.fail('it was looked at') }
  const caller = await admitWithToken(road, verifier, asking({ authorization: 'Bearer bad', 'x-token': 'valid' }), 0)
  assert.equal(caller.kind === 'refused' && caller.code, 'invalid_api_key')
})

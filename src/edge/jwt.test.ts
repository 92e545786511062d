import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type TestContext, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { JwtRules } from '#core/attribution/jwt-rules.ts'
import { createJwtVerifier, JwtFault, type JwtVerdict } from './jwt.ts'

const startMs = Date.UTC(2026, 5, 1)
const nowSeconds = startMs / 1000

interface Signer {
  readonly jwk: JWK
  sign(claims: JWTPayload, header?: { kid?: string }): Promise<string>
}

async function signer(alg: string, kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims, header = { kid }) => new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(privateKey),
  }
}

/** An identity provider on loopback, whose key set and mood can be changed. */
async function identityProvider(t: TestContext, keys: JWK[]) {
  const state = { keys, status: 200, body: null as string | null, asked: 0 }
  const server: Server = createServer((_, answer) => {
    state.asked++
    answer.writeHead(state.status, state.status === 302 ? { location: '/elsewhere' } : {})
    answer.end(state.body ?? JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { state, url: `http://127.0.0.1:${address.port}/jwks` }
}

function verifierFor(rules: Partial<JwtRules> & Pick<JwtRules, 'source'>, readFile = async (_: string) => '') {
  const clock = { ms: 0, wallMs: () => startMs, monotonicMs: () => clock.ms }
  const faults: Error[] = []
  const whole: JwtRules = {
    header: 'x-tollgate-jwt',
    issuer: 'https://id.example.com/',
    audience: 'tollgate',
    algorithms: ['RS256', 'ES256'],
    claims: { 'org.unit': 'department', sub: 'user_id' },
    required: true,
    ...rules,
  }
  const verifier = createJwtVerifier(whole, { clock, readFile, onKeysFault: (fault) => faults.push(fault) })
  return { clock, faults, verify: (token: string, nowMs = startMs) => verifier.verify(token, nowMs) }
}

const good: JWTPayload = {
  iss: 'https://id.example.com/',
  aud: 'tollgate',
  sub: 'u-17',
  org: { unit: 'search' },
  exp: nowSeconds + 600,
}
const accepted: JwtVerdict = { kind: 'valid', claims: { department: 'search', userId: 'u-17' } }

function refused(verdict: JwtVerdict, reason: string): void {
  assert.deepEqual(verdict, { kind: 'invalid', reason, because: 'token' })
}

for (const alg of ['RS256', 'ES256', 'PS384', 'EdDSA']) {
  test(`${alg}: a token of the identity provider says who pays`, async (t) => {
    const own = await signer(alg, 'k1')
    const { url } = await identityProvider(t, [own.jwk])
    const { verify } = verifierFor({ source: { kind: 'jwks_url', url }, algorithms: [alg] })
    assert.deepEqual(await verify(await own.sign(good)), accepted)
  })
}

test('a token that is expired, early, endless, of or for somebody else is refused, each with its reason', async (t) => {
  const own = await signer('ES256', 'k1')
  const { url } = await identityProvider(t, [own.jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const { exp: _, ...endless } = good
  const cases: [JWTPayload, string][] = [
    [{ ...good, exp: nowSeconds - 31 }, 'it has expired'],
    [{ ...good, nbf: nowSeconds + 31 }, 'it is not valid yet'],
    [endless, 'it has no end'],
    [{ ...good, iss: 'https://evil.example.com/' }, 'it was issued by somebody else'],
    [{ ...good, aud: 'another' }, 'it is meant for somebody else'],
    [{ ...good, sub: 'a\nb' }, 'claim sub holds a control character'],
  ]
  for (const [claims, reason] of cases) refused(await verify(await own.sign(claims)), reason)
  assert.equal((await verify(await own.sign({ ...good, exp: nowSeconds - 29 }))).kind, 'valid', 'clocks may differ')
  assert.equal((await verify(await own.sign({ ...good, aud: ['x', 'tollgate'] }))).kind, 'valid')
})

test('a token that was remembered ends with its own end', async (t) => {
  const own = await signer('ES256', 'k1')
  const { url } = await identityProvider(t, [own.jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const token = await own.sign({ ...good, exp: nowSeconds + 60 })
  assert.deepEqual(await verify(token), accepted)
  assert.deepEqual(await verify(token, startMs + 89_999), accepted)
  refused(await verify(token, startMs + 90_000), 'it has expired')
})

test('so many tokens are remembered, and the one that was remembered first is forgotten first', async () => {
  const secret = 'a secret of at least thirty-two bytes'
  const bytes = new TextEncoder().encode(secret)
  const { verify } = verifierFor({ source: { kind: 'secret', secret }, algorithms: ['HS256'] })
  const token = (sub: number) =>
    new SignJWT({ ...good, sub: `${sub}` }).setProtectedHeader({ alg: 'HS256' }).sign(bytes)
  const [first, second, last] = await Promise.all([token(1), token(2), token(10_000)])
  const [ofFirst, ofSecond] = [await verify(first), await verify(second)]
  for (let sub = 3; sub < 10_000; sub++) await verify(await token(sub))
  const ofLast = await verify(last)
  // What is remembered is the same verdict, and not one like it.
  assert.equal(await verify(first), ofFirst)
  await verify(await token(10_001))
  assert.deepEqual([await verify(second), await verify(last)], [ofSecond, ofLast])
  assert.equal(await verify(last), ofLast)
  assert.notEqual(await verify(first), ofFirst)
})

test('what was not signed by the provider is refused', async (t) => {
  const own = await signer('RS256', 'k1')
  const { url } = await identityProvider(t, [own.jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const stranger = await signer('RS256', 'k1')
  refused(await verify(await stranger.sign(good)), 'its signature does not fit')

  const [head = '', body = '', signature = ''] = (await own.sign(good)).split('.')
  const forged = Buffer.from(JSON.stringify({ ...good, sub: 'admin' })).toString('base64url')
  refused(await verify(`${head}.${forged}.${signature}`), 'its signature does not fit')
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  for (const token of [`${unsigned}.${body}.`, `${unsigned}.${body}.${signature}`]) {
    assert.equal((await verify(token)).kind, 'invalid')
  }
  for (const token of ['', 'abc', 'a.b.c', '..', `${head}.${body}`, 'x'.repeat(100_000)]) {
    refused(await verify(token), 'it is not a signed token')
  }
})

test('a public key does not serve as the secret of an HMAC', async (t) => {
  const { publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1' }
  const { url } = await identityProvider(t, [jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  for (const secret of [await exportSPKI(publicKey), JSON.stringify(jwk), jwk.n ?? '']) {
    const token = await new SignJWT(good)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(new TextEncoder().encode(secret))
    refused(await verify(token), 'its algorithm is not allowed here')
  }
})

test('algorithms that do not fit the source are refused when the gateway starts', () => {
  const url = { kind: 'jwks_url', url: 'http://127.0.0.1:1/' } as const
  const secret = { kind: 'secret', secret: 's'.repeat(32) } as const
  const cases: [JwtRules['source'], string[]][] = [
    [url, ['RS256', 'HS256']],
    [url, ['none']],
    [url, []],
    [secret, ['HS256', 'RS256']],
    [secret, ['None']],
  ]
  for (const [source, algorithms] of cases) {
    assert.throws(() => verifierFor({ source, algorithms }), JwtFault, `${source.kind} ${algorithms}`)
  }
})

test('a shared secret verifies what it signed, and nothing else', async () => {
  const secret = 'a secret that both sides know, long enough'
  const { verify } = verifierFor({ source: { kind: 'secret', secret }, algorithms: ['HS256'] })
  const sign = (alg: string, key: string) =>
    new SignJWT(good).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key))
  assert.deepEqual(await verify(await sign('HS256', secret)), accepted)
  refused(await verify(await sign('HS256', `${secret}!`)), 'its signature does not fit')
  refused(await verify(await sign('HS512', secret)), 'its algorithm is not allowed here')
})

test('a key set in a file is read once, and again when a token names a new key', async () => {
  const [first, second] = [await signer('ES256', 'k1'), await signer('ES256', 'k2')]
  let keys = [first.jwk]
  let reads = 0
  const { clock, verify } = verifierFor({ source: { kind: 'jwks_file', path: '/etc/keys.json' } }, async (path) => {
    assert.equal(path, '/etc/keys.json')
    reads++
    return JSON.stringify({ keys })
  })
  assert.deepEqual(await verify(await first.sign(good)), accepted)
  keys = [first.jwk, second.jwk]
  const unknown = 'it is signed with a key that is not in the key set'
  refused(await verify(await second.sign(good)), unknown)
  assert.equal(reads, 1, 'not again so soon after the last time')
  clock.ms += 30_000
  assert.deepEqual(await verify(await second.sign(good)), accepted)
  assert.equal(reads, 2)
})

test('the provider may rotate its keys; tokens with made-up keys do not make us ask it every time', async (t) => {
  const [first, second] = [await signer('RS256', 'k1'), await signer('RS256', 'k2')]
  const { state, url } = await identityProvider(t, [first.jwk])
  const { clock, verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  assert.deepEqual(await verify(await first.sign(good)), accepted)
  clock.ms += 30_000
  state.keys = [second.jwk]
  assert.deepEqual(await verify(await second.sign(good)), accepted)
  assert.equal(state.asked, 2)
  for (const n of [1, 2, 3, 4, 5]) {
    assert.equal((await verify(await second.sign(good, { kid: `made-up-${n}` }))).kind, 'invalid')
  }
  assert.equal(state.asked, 2)
  refused(await verify(await first.sign({ ...good, jti: 'new' })), 'it is signed with a key that is not in the key set')
})

test('of several keys that may be meant each is tried', async (t) => {
  const [first, second, stranger] = [await signer('RS256', 'a'), await signer('RS256', 'b'), await signer('RS256', 'c')]
  const { url } = await identityProvider(t, [first.jwk, second.jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  for (const own of [first, second]) assert.deepEqual(await verify(await own.sign(good, {})), accepted)
  refused(await verify(await stranger.sign(good, {})), 'its signature does not fit')
  refused(await verify(await second.sign({ ...good, exp: 1 }, {})), 'it has expired')
})

test('keys that cannot be had are the fault of the keys, told to the operator, and tried again after a while', async (t) => {
  const own = await signer('ES256', 'k1')
  const { state, url } = await identityProvider(t, [own.jwk])
  const { clock, faults, verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const token = await own.sign(good)
  const bad: [number, string | null][] = [
    [500, null],
    [302, null],
    [200, '<html>'],
    [200, '{"keys":7}'],
    [200, '{"keys":[null]}'],
    [200, `{"keys":[],"x":"${'x'.repeat(1_000_000)}"}`],
  ]
  for (const [status, body] of bad) {
    Object.assign(state, { status, body })
    const verdict = await verify(token)
    assert.equal(verdict.kind === 'invalid' && verdict.because, 'keys', `${status} ${body?.slice(0, 20)}`)
    const { asked } = state
    await verify(token)
    assert.equal(state.asked, asked, 'not tried again at once')
    clock.ms += 5_000
  }
  assert.equal(faults.length, bad.length)
  Object.assign(state, { status: 200, body: null })
  assert.deepEqual(await verify(token), accepted)
})

test('keys at hand serve on while the provider is away, but not for ever', async (t) => {
  const own = await signer('ES256', 'k1')
  const { state, url } = await identityProvider(t, [own.jwk])
  const { clock, verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const fresh = (jti: string) => own.sign({ ...good, jti })
  assert.deepEqual(await verify(await fresh('1')), accepted)
  state.status = 503
  clock.ms += 50 * 60_000
  assert.deepEqual(await verify(await fresh('2')), accepted)
  clock.ms += 10 * 60_000
  const verdict = await verify(await fresh('3'))
  assert.equal(verdict.kind === 'invalid' && verdict.because, 'keys')
})

test('many calls that need the keys at once ask for them once', async (t) => {
  const own = await signer('ES256', 'k1')
  const { state, url } = await identityProvider(t, [own.jwk])
  const { verify } = verifierFor({ source: { kind: 'jwks_url', url } })
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => own.sign({ ...good, jti: String(n) })))
  for (const verdict of await Promise.all(tokens.map((token) => verify(token)))) assert.deepEqual(verdict, accepted)
  assert.equal(state.asked, 1)
})

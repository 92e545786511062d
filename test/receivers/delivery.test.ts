import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { selfSigned } from './certificate.ts'
import { delivererFor } from './deliverer.ts'
import { eventOf, notificationOf, nowMs, receiverOf, storm, webhookSecrets } from './sample.ts'
import { type HttpKind, httpKinds } from './schemas.ts'
import { type FakeService, startService } from './service.ts'

async function serviceFor(t: TestContext, kind: HttpKind): Promise<FakeService> {
  const service = await startService(kind)
  t.after(() => service.close())
  return service
}

const usual: Readonly<Record<HttpKind, { readonly status: number; readonly detail: RegExp }>> = {
  slack: { status: 200, detail: /^answered 200: ok$/ },
  teams: { status: 202, detail: /^answered 202$/ },
  pagerduty: { status: 202, detail: /^answered 202: .*Event processed/ },
  alertmanager: { status: 200, detail: /^answered 200$/ },
  webhook: { status: 204, detail: /^answered 204$/ },
}

for (const kind of httpKinds) {
  test(`${kind}: its service takes one alert, and a storm`, async (t) => {
    const service = await serviceFor(t, kind)
    const deliverer = delivererFor(t)
    const receiver = receiverOf(kind, service.url)
    for (const notification of [notificationOf(), storm]) {
      const answer = await deliverer.send(receiver, notification, nowMs)
      assert.equal(answer.ok, true, answer.detail)
      assert.equal(answer.status, usual[kind].status)
      assert.match(answer.detail, usual[kind].detail)
    }
    assert.equal(service.requests.length, kind === 'pagerduty' ? 4 : 2)
  })

  test(`${kind}: a second message goes over the same connection`, async (t) => {
    const service = await serviceFor(t, kind)
    const deliverer = delivererFor(t)
    for (let n = 0; n < 3; n++) await deliverer.send(receiverOf(kind, service.url), notificationOf(), nowMs)
    assert.equal(service.connections, 1)
  })

  test(`${kind}: what is busy or broken may be tried again, when it says`, async (t) => {
    const service = await serviceFor(t, kind)
    const deliverer = delivererFor(t)
    const send = () => deliverer.send(receiverOf(kind, service.url), notificationOf(), nowMs)
    service.nextIs(429, 'rate_limited', { 'retry-after': '30' })
    service.nextIs(503, '', { 'retry-after': new Date(nowMs + 60_000).toUTCString() })
    service.nextIs(500, 'rollup_error')
    const limited = {
      ok: false,
      status: 429,
      detail: 'answered 429: rate_limited',
      retryable: true,
      retryAfterMs: 30_000,
    }
    assert.deepEqual(await send(), limited)
    const busy = await send()
    assert.ok(!busy.ok && busy.retryable && busy.retryAfterMs !== null && busy.retryAfterMs > 58_000)
    const broken = { ok: false, status: 500, detail: 'answered 500: rollup_error', retryable: true, retryAfterMs: null }
    assert.deepEqual(await send(), broken)
  })

  test(`${kind}: what is refused is not tried again, but for somebody’s own software`, async (t) => {
    const service = await serviceFor(t, kind)
    const deliverer = delivererFor(t)
    for (const [status, mayPass] of [
      [400, true],
      [401, true],
      [404, true],
      [410, false],
    ] as const) {
      service.nextIs(status, 'no')
      const answer = await deliverer.send(receiverOf(kind, service.url), notificationOf(), nowMs)
      assert.ok(!answer.ok)
      assert.equal(answer.status, status)
      assert.equal(answer.retryable, kind === 'webhook' && mayPass, String(status))
    }
  })

  test(`${kind}: a redirect is not followed`, async (t) => {
    const service = await serviceFor(t, kind)
    const elsewhere = await serviceFor(t, kind)
    service.nextIs(307, '', { location: elsewhere.url })
    const answer = await delivererFor(t).send(receiverOf(kind, service.url), notificationOf(), nowMs)
    assert.ok(!answer.ok && !answer.retryable)
    assert.equal(answer.status, 307)
    assert.equal(elsewhere.requests.length, 0)
  })
}

test('the fakes are strict: what the services would refuse is refused', async (t) => {
  const wrong: Readonly<Record<HttpKind, string>> = {
    slack: '{"text":"x","blocks":[{"type":"section","text":{"type":"mrkdwn","text":""}}]}',
    teams: '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{}}]}',
    pagerduty:
      '{"routing_key":"short","event_action":"trigger","payload":{"summary":"x","source":"y","severity":"high"}}',
    alertmanager: '[{"labels":{"a b":"c"}}]',
    webhook: '{"type":"alert.firing"}',
  }
  for (const kind of httpKinds) {
    const service = await serviceFor(t, kind)
    const url = kind === 'alertmanager' ? `${service.url}/api/v2/alerts` : service.url
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: wrong[kind],
    })
    assert.equal(answer.status, 400, kind)
    await answer.text()
  }
})

test('PagerDuty: one refused event does not keep the others from it; a busy PagerDuty ends the attempt', async (t) => {
  const service = await serviceFor(t, 'pagerduty')
  const deliverer = delivererFor(t)
  service.nextIs(400, 'bad')
  const refused = await deliverer.send(receiverOf('pagerduty', service.url), storm, nowMs)
  assert.ok(!refused.ok && !refused.retryable)
  assert.equal(service.requests.length, 3)
  service.nextIs(429)
  const busy = await deliverer.send(receiverOf('pagerduty', service.url), storm, nowMs)
  assert.ok(!busy.ok && busy.retryable)
  assert.equal(service.requests.length, 4)
})

test('webhooks: the reference library takes the signature with either secret, and with no other', async (t) => {
  const service = await serviceFor(t, 'webhook')
  const now = Date.now()
  await delivererFor(t).send(receiverOf('webhook', service.url), notificationOf(), now)
  const [{ headers, body } = assert.fail()] = service.requests
  const sent = headers as Record<string, string>
  const [current = '', older = ''] = webhookSecrets
  assert.ok(new Webhook(current).verify(body, sent))
  assert.ok(new Webhook(older, { format: 'raw' }).verify(body, sent))
  assert.throws(() => new Webhook('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==').verify(body, sent))
  assert.throws(() => new Webhook(current).verify(`${body} `, sent))
  const key = Buffer.from(current.slice('whsec_'.length), 'base64')
  assert.equal(sent['x-tollgate-signature'], `sha256=${createHmac('sha256', key).update(body).digest('hex')}`)
})

test('webhooks: a second attempt has the same id and body, and the time of its own', async (t) => {
  const service = await serviceFor(t, 'webhook')
  const deliverer = delivererFor(t)
  for (const at of [nowMs, nowMs + 3_600_000]) await deliverer.send(receiverOf('webhook', service.url), storm, at)
  const [first = assert.fail(), second = assert.fail()] = service.requests
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
  assert.equal(first.body, second.body)
  assert.equal(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp']), 3600)
})

test('an answer without end is read to 4 KB, and its connection given up', async (t) => {
  const service = await serviceFor(t, 'webhook')
  const gone = Promise.withResolvers<void>()
  service.next((response) => {
    response.writeHead(200)
    const more = () => {
      while (response.write('x'.repeat(1000)));
    }
    response.on('drain', more).on('close', () => gone.resolve())
    more()
  })
  const answer = await delivererFor(t).send(receiverOf('webhook', service.url), notificationOf(), nowMs)
  assert.equal(answer.ok, true)
  assert.ok(answer.detail.length < 400)
  await gone.promise
})

test('who does not answer, and who does not end an answer, is given up after the time set', async (t) => {
  const service = await serviceFor(t, 'webhook')
  const deliverer = delivererFor(t, { connectTimeoutMs: 50, answerTimeoutMs: 50 })
  service.next(() => undefined)
  service.next((response) => response.writeHead(200).write('still'))
  for (let n = 0; n < 2; n++) {
    const answer = await deliverer.send(receiverOf('webhook', service.url), notificationOf(), nowMs)
    assert.ok(!answer.ok && answer.retryable)
    assert.equal(answer.status, null)
    assert.match(answer.detail, /in time/)
  }
})

/** What comes over the wire, a byte at a time, for ever or until it is all said. */
function drips(said: string, endless: boolean) {
  return (response: ServerResponse) => {
    const { socket } = response
    let at = 0
    const timer = setInterval(() => {
      if (at < said.length) socket?.write(said.charAt(at++))
      else if (endless) socket?.write('x')
      else socket?.destroy()
    }, 5)
    socket?.on('close', () => clearInterval(timer))
  }
}

for (const [what, said, endless] of [
  ['a head without end', 'HTTP/1.1 200 OK\r\nx-slow: ', true],
  ['a body without end', 'HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n', true],
  ['early hints without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(200), true],
  ['a body that is cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', false],
] as const) {
  test(`who answers a byte at a time, ${what}, is given up in time, and its connection closed`, async (t) => {
    const service = await serviceFor(t, 'webhook')
    const deliverer = delivererFor(t, { connectTimeoutMs: 100, answerTimeoutMs: 400 })
    const gone = Promise.withResolvers<void>()
    service.next((response) => {
      response.socket?.on('close', () => gone.resolve())
      drips(said, endless)(response)
    })
    const answer = await deliverer.send(receiverOf('webhook', service.url), notificationOf(), nowMs)
    assert.ok(!answer.ok && answer.retryable, answer.detail)
    assert.match(answer.detail, /in time|closed before/)
    await gone.promise
    assert.equal((await deliverer.send(receiverOf('webhook', service.url), notificationOf(), nowMs)).ok, true)
  })
}

test('who is not there, and who hangs up, may be there later', async (t) => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const receiver = receiverOf('slack', `http://127.0.0.1:${address.port}/services/x`)
  const deliverer = delivererFor(t)
  const hungUp = await deliverer.send(receiver, notificationOf(), nowMs)
  assert.ok(!hungUp.ok && hungUp.retryable, hungUp.detail)
  assert.match(hungUp.detail, /closed before an answer/)
  await new Promise((resolve) => server.close(resolve))
  const absent = await deliverer.send(receiver, notificationOf(), nowMs)
  assert.ok(!absent.ok && absent.retryable)
  assert.equal(absent.detail, 'the connection was refused (ECONNREFUSED)')
})

test('a certificate that nobody vouches for is refused before anything is sent', async (t) => {
  let taken = 0
  const server = createTlsServer(selfSigned(), () => taken++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const receiver = receiverOf('slack', `https://localhost:${address.port}/services/x`)
  const answer = await delivererFor(t).send(receiver, notificationOf(), nowMs)
  assert.ok(!answer.ok)
  assert.equal(answer.detail, 'the certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)')
  assert.equal(taken, 0)
})

test('the log gets one line, as loud as the alert is grave', async (t) => {
  const deliverer = delivererFor(t)
  for (const severity of ['info', 'warning', 'critical'] as const) {
    const answer = await deliverer.send(receiverOf('log'), notificationOf({ firing: [eventOf({ severity })] }), nowMs)
    assert.deepEqual(answer, { ok: true, status: null, detail: 'logged' })
  }
  const lines = deliverer
    .logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['info', 'warn', 'error'],
  )
  assert.match(lines[0].alerts[0].labels, /key="search"/)
})

import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type { DeliveryAnswer } from '#core/alerting/delivery.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { delivererFor } from './deliverer.ts'
import { startMailServer } from './mail-server.ts'
import { mailReceiver, notificationOf, nowMs, receiverOf, routingKey, webhookSecrets } from './sample.ts'
import { type HttpKind, httpKinds } from './schemas.ts'
import { startService, type TakenRequest } from './service.ts'

const user = 'tollgate-mailer'
const password = 'p&ss"w/ord+1'
const token = 'qu3ry-t0ken'

/** Every text by which somebody could write to a receiver, or find out where it is. */
function secretsOf(receiver: Receiver): string[] {
  if (receiver.kind === 'email')
    return [user, password, 'duty@example.com', 'finance@example.org', 'alerts@example.com']
  if (receiver.kind === 'log') return []
  const { pathname, searchParams, host } = new URL(receiver.url)
  const segments = pathname.split('/').filter((part) => part.length >= 6)
  const own = receiver.kind === 'pagerduty' ? [routingKey] : receiver.kind === 'webhook' ? webhookSecrets : []
  const bare = own.map((secret) => secret.replace('whsec_', ''))
  return [...own, ...bare, host, pathname, ...segments, ...searchParams.values()].filter((secret) => secret.length > 5)
}

function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), btoa(secret)]
}

function assertSilent(receiver: Receiver, answer: DeliveryAnswer, logged: string): void {
  const shown = `${inspect(answer, { depth: 9 })}\n${logged}`
  for (const secret of secretsOf(receiver).flatMap(spellings)) {
    assert.ok(!shown.toLowerCase().includes(secret.toLowerCase()), `${secret} in ${shown}`)
  }
}

/** Everything that it was sent, in a form that the usual frameworks would show. */
const echoes: Readonly<Record<string, (request: TakenRequest, url: string, secrets: readonly string[]) => string>> = {
  plain: ({ path, headers, body }, url) => `Cannot POST ${path} (${url}) ${JSON.stringify(headers)} ${body}`,
  json: ({ path, headers, body }, url) => JSON.stringify({ path, url, headers, body }).replaceAll('/', '\\/'),
  encoded: ({ path, body }, url) =>
    `${encodeURIComponent(path)} ${encodeURIComponent(url)} ${encodeURIComponent(body)}`,
  html: ({ path }, url) => `<pre>${`${path} ${url}`.replaceAll('&', '&amp;')}</pre>`,
  shouted: ({ path }, url) => `${path} ${url}`.toUpperCase(),
  endless: ({ path }, url) => `${url} ${path} `.repeat(500),
  cut: (_request, url) => `${'x'.repeat(4096 - url.length / 2)}${url}`,
  secrets: (_request, _url, secrets) => secrets.join(' '),
}

function addressOf(kind: HttpKind, url: string): string {
  const full = new URL(url)
  if (kind !== 'alertmanager') full.searchParams.set('token', token)
  return full.href
}

for (const kind of httpKinds) {
  for (const [form, echo] of Object.entries(echoes)) {
    test(`${kind}: a receiver that repeats what it was sent (${form}) makes nobody tell it on`, async (t) => {
      const service = await startService(kind)
      t.after(() => service.close())
      const deliverer = delivererFor(t)
      const receiver = receiverOf(kind, addressOf(kind, service.url))
      for (const status of [200, 400, 500]) {
        service.next((response, request) => {
          response.writeHead(status).end(echo(request, 'url' in receiver ? receiver.url : '', secretsOf(receiver)))
        })
        const answer = await deliverer.send(receiver, notificationOf(), nowMs)
        assert.equal(answer.status, status)
        assertSilent(receiver, answer, deliverer.logged())
      }
    })
  }

  test(`${kind}: a failure of the connection tells nothing`, async (t) => {
    for (const [what, fail] of failures) {
      const service = await startService(kind)
      t.after(() => service.close())
      const deliverer = delivererFor(t, { answerTimeoutMs: 50, connectTimeoutMs: 50, ...fail.options })
      const receiver = receiverOf(kind, fail.address(addressOf(kind, service.url)))
      if (fail.answer !== undefined) service.next(fail.answer)
      const answer = await deliverer.send(receiver, notificationOf(), nowMs)
      assert.ok(!answer.ok && answer.status === null, what)
      assertSilent(receiver, answer, deliverer.logged())
    }
  })
}

interface Failure {
  readonly address: (url: string) => string
  readonly options?: { readonly allowPrivateUrls: boolean }
  readonly answer?: (response: ServerResponse) => void
}

const same = (url: string) => url
const failures: readonly (readonly [string, Failure])[] = [
  ['nobody there', { address: (url) => url.replace(/:\d+\//, ':9/') }],
  ['no such name', { address: (url) => url.replace('127.0.0.1', 'n0-such-host.invalid') }],
  ['private', { address: same, options: { allowPrivateUrls: false } }],
  ['not TLS', { address: (url) => url.replace('http:', 'https:') }],
  ['silence', { address: same, answer: () => undefined }],
  ['hung up', { address: same, answer: (response) => response.socket?.destroy() }],
  ['not HTTP', { address: same, answer: (response) => response.socket?.end('no HTTP at all\r\n\r\n') }],
  ['half an answer', { address: same, answer: (response) => response.writeHead(200).write('half') }],
]

async function mailFailures(t: TestContext): Promise<[string, Receiver][]> {
  const refusing = await startMailServer(t, {
    login: { user, password: 'another' },
    refuse: (address) => ({ code: 550, text: `no ${address}` }),
  })
  const open = await startMailServer(t, {
    refuse: (address) => ({ code: 550, text: `no ${address}` }),
  })
  const as = (host: string, port: number, security: 'tls' | 'starttls' | 'none') =>
    mailReceiver(host, port, security, { user, password })
  return [
    ['wrong password', as('127.0.0.1', refusing.port, 'none')],
    ['no STARTTLS', as('127.0.0.1', refusing.port, 'starttls')],
    ['not TLS', as('127.0.0.1', refusing.port, 'tls')],
    ['recipients refused', mailReceiver('127.0.0.1', open.port, 'none')],
    ['nobody there', as('127.0.0.1', 9, 'none')],
    ['no such name', as('n0-such-host.invalid', 25, 'none')],
  ]
}

test('email: no failure tells who writes to whom, or how one logs in', async (t) => {
  for (const [what, receiver] of await mailFailures(t)) {
    const deliverer = delivererFor(t)
    const answer = await deliverer.send(receiver, notificationOf(), nowMs)
    assert.ok(!answer.ok, what)
    assertSilent(receiver, answer, deliverer.logged())
  }
})

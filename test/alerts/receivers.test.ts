import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { startMailServer } from '#test/receivers/mail-server.ts'
import { startService } from '#test/receivers/service.ts'
import { until } from '#test/support/until.ts'
import { Side } from './side.ts'
import { terminalOf } from './terminal.ts'

const routingKey = 'R0123456789abcdef0123456789ABCDE'
const signingSecrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'an-older-secret-of-thirty-two-chars']
const password = 'c0rrect-h0rse-battery'
const paths = {
  slack: '/services/T0AAAAAA/B0BBBBBB/xoxSecretPathxoxSecret',
  teams: '/workflows/0123456789abcdef/invoke?api-version=1&sig=S3cr3tSignature_of-Teams',
  pagerduty: '/v2/enqueue-s3cret',
  webhook: '/hooks/tollgate-0f2c4b',
  alertmanager: '/private-alertmanager',
}
const names = ['slack', 'teams', 'pagerduty', 'webhook', 'alertmanager', 'email', 'log'] as const
type Urls = Readonly<Record<keyof typeof paths, string>>

function configuration(urls: Urls, smtpPort: number): string {
  const secrets = signingSecrets.map((secret) => `"${secret}"`).join(', ')
  return `alerts:
  allow_private_urls: true
  receivers:
    - {name: slack, slack: {url: "${urls.slack}"}}
    - {name: teams, teams: {url: "${urls.teams}"}}
    - {name: pagerduty, pagerduty: {routing_key: ${routingKey}, url: "${urls.pagerduty}"}}
    - {name: webhook, webhook: {url: "${urls.webhook}", secrets: [${secrets}]}}
    - {name: alertmanager, alertmanager: {url: "${urls.alertmanager}"}}
    - name: email
      email:
        from: alerts@example.com
        to: [duty@example.com]
        smtp: {host: 127.0.0.1, port: ${smtpPort}, security: none, user: tollgate-mailer, password: ${password}}
    - {name: log, log: {}}
  routes: [{receivers: [${names.join(', ')}], group_by: [model], group_interval: 1s}]
  live: {output_tokens: {default: 100}}
`
}

/** Refuses everything, and says again all that it was sent, with where. */
async function parrot(t: TestContext): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const url = `http://${request.headers.host}${request.url}`
    const status = body.includes('"m-later"') ? 503 : 404
    response.writeHead(status).end(`cannot POST ${url} ${JSON.stringify(request.headers)} ${body}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('what a receiver says again when it refuses is shown nowhere: API, command line, log, disk', async (t) => {
  const base = await parrot(t)
  const urls = Object.fromEntries(Object.entries(paths).map(([kind, path]) => [kind, `${base}${path}`])) as Urls
  const mail = await startMailServer(t, { login: { user: 'tollgate-mailer', password: 'another' } })
  const side = await Side.open(t)
  const run = terminalOf(side)
  await side.start(configuration(urls, mail.port))
  let shown = ''
  for (const name of names) {
    shown += await run('test', name)
    shown += (await side.ask('POST', `/api/v1/receivers/${name}/test`)).text
  }
  process.exitCode = 0
  for (const model of ['m-now', 'm-later']) await side.spend({ outputTokens: 500, model })
  await until('a failure of each', async () => {
    const { data } = (await side.ask('GET', '/api/v1/alerts?type=delivery_failure')).body
    return data.length >= names.length - 2 || null
  })
  for (const path of ['/api/v1/alerts', '/api/v1/alerts?language=de', '/api/v1/receivers', '/api/v1/silences']) {
    shown += (await side.ask('GET', path)).text
  }
  shown += (await run()) + (await run('--json')) + side.log
  assert.match(shown, /cannot POST/, 'what they said was seen')
  await side.stop()
  for (const file of readdirSync(side.dataDir).filter((name) => name.startsWith('settings.db'))) {
    shown += readFileSync(join(side.dataDir, file), 'latin1')
  }
  const parts = Object.values(paths).flatMap((path) => path.split(/[/?&=]/).filter((part) => part.length > 8))
  const bare = signingSecrets.map((secret) => secret.replace('whsec_', ''))
  for (const secret of [...parts, ...bare, routingKey, password, 'tollgate-mailer', new URL(base).host]) {
    for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
      assert.ok(!shown.includes(form), `${form} is shown`)
    }
  }
})

test('a test message is taken by each kind of receiver, and its answer is told', async (t) => {
  const kinds = ['slack', 'teams', 'pagerduty', 'webhook', 'alertmanager'] as const
  const services = await Promise.all(kinds.map(async (kind) => [kind, await startService(kind)] as const))
  t.after(() => Promise.all(services.map(([, service]) => service.close())))
  const urls = Object.fromEntries(services.map(([kind, { url }]) => [kind, url])) as Urls
  const mail = await startMailServer(t, { login: { user: 'tollgate-mailer', password } })
  const side = await Side.open(t)
  await side.start(configuration(urls, mail.port))
  const run = terminalOf(side)
  const answers = await Promise.all(names.map((name) => run('test', name)))
  for (const [index, name] of names.entries()) {
    assert.match(answers[index] ?? '', new RegExp(`^${name} took the test message`))
  }
  for (const [kind, { requests }] of services) {
    // Where what fires would stay open, it is told that it is over as well.
    assert.equal(requests.length, kind === 'pagerduty' || kind === 'alertmanager' ? 2 : 1, kind)
    assert.match(requests[0]?.body ?? '', /Budget test: 80% of the hourly limit used/, kind)
  }
  const [first, second] = services.find(([kind]) => kind === 'pagerduty')?.[1].requests ?? []
  assert.equal(JSON.parse(first?.body ?? '{}').dedup_key, JSON.parse(second?.body ?? '{}').dedup_key)
  assert.equal(mail.mails.length, 1)
  assert.match(side.log, /Budget test: 80% of the hourly limit used/)
  assert.deepEqual(await side.alerts(), [], 'a test is no alert')
})

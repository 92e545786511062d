import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { freePort } from '#test/support/free-port.ts'
import { until } from '#test/support/until.ts'
import { folderOf, serve } from './debian.ts'
import { alerts, root } from './deployed.ts'
import { startPrometheus } from './prometheus.ts'
import { adminToken, startGateway } from './running-gateway.ts'

interface SlackMessage {
  readonly attachments: readonly { readonly title: string; readonly text: string; readonly color: string }[]
}

interface PagerDutyEvent {
  readonly routing_key: string
  readonly event_action: string
  readonly payload: { readonly severity: string; readonly summary: string }
}

/** Slack at /slack, PagerDuty at /v2/enqueue: keeps what it is told. */
async function startReceiver(t: TestContext) {
  const slack: SlackMessage[] = []
  const pagerDuty: PagerDutyEvent[] = []
  const server = createServer(async (request, response) => {
    const body = await json(request)
    if (request.url === '/slack') {
      slack.push(body as SlackMessage)
      response.end('ok')
    } else {
      pagerDuty.push(body as PagerDutyEvent)
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { slack, pagerDuty, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The deployed configuration, told at once, with receivers and secrets of the test. */
async function startAlertmanager(t: TestContext, receiverUrl: string): Promise<string> {
  const folder = folderOf(t)
  const config = parse(readFileSync(`${root}deploy/alertmanager/alertmanager.yml`, 'utf8'))
  config.templates = [`${root}deploy/alertmanager/*.tmpl`]
  for (const route of [config.route, ...config.route.routes]) {
    Object.assign(route, { group_wait: '100ms', group_interval: '1s' })
  }
  const secret = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  for (const { slack_configs: slack = [], pagerduty_configs: pagerDuty = [] } of config.receivers) {
    for (const one of slack) one.api_url_file = secret('slack-url', `${receiverUrl}/slack`)
    for (const one of pagerDuty) {
      one.routing_key_file = secret('pagerduty-key', 'routing-key')
      one.url = `${receiverUrl}/v2/enqueue`
    }
  }
  const path = join(folder, 'alertmanager.yml')
  writeFileSync(path, stringify(config))
  const listen = `127.0.0.1:${await freePort()}`
  const args = [`--config.file=${path}`, `--storage.path=${folder}`, `--web.listen-address=${listen}`]
  await serve(t, 'prometheus-alertmanager', [...args, '--cluster.listen-address='], `http://${listen}/-/ready`)
  return listen
}

/** The deployed rules of these names, without their waiting. */
function hastyRules(t: TestContext, ...names: readonly string[]): string {
  const rules = alerts().filter(({ alert = '' }) => names.includes(alert))
  assert.equal(rules.length, names.length)
  const path = join(folderOf(t), 'rules.yml')
  const hasty = rules.map(({ for: _, ...rule }) => rule)
  writeFileSync(path, stringify({ groups: [{ name: 'hasty', rules: hasty }] }))
  return path
}

test('a gateway dies: Alertmanager hears it from Prometheus, and people from Alertmanager', {
  timeout: 120_000,
}, async (t) => {
  const gateway = await startGateway(t)
  const receiver = await startReceiver(t)
  const alertmanager = await startAlertmanager(t, receiver.url)
  const prometheus = await startPrometheus(t, {
    target: gateway.address.replace('http://', ''),
    token: adminToken,
    ruleFiles: [hastyRules(t, 'TollgateDown')],
    alertmanager,
  })
  await until('a scrape', async () => (await prometheus.query('up{job="tollgate"} == 1')).length > 0 || null)
  assert.deepEqual([receiver.slack, receiver.pagerDuty], [[], []])

  await gateway.stop()
  const message = await until('Slack', () => receiver.slack[0] ?? null)
  const event = await until('PagerDuty', () => receiver.pagerDuty[0] ?? null)
  const instance = gateway.address.replace('http://', '')
  const summary = `Tollgate ${instance} does not answer`
  assert.equal(message.attachments[0]?.title, `[1 firing] ${summary}`)
  assert.equal(message.attachments[0]?.color, 'danger')
  assert.match(message.attachments[0]?.text ?? '', /https:\/\/\S+\/docs\/runbooks\.md#tollgatedown/)
  assert.deepEqual(
    [event.event_action, event.routing_key, event.payload.severity, event.payload.summary],
    ['trigger', 'routing-key', 'critical', `[1 firing] ${summary}`],
  )
})

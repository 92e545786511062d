import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Tollgate, workplace } from '../serve/tollgate.ts'

export const adminToken = 'tga-observability-0123456789abcdef'
export const incomingSecret = 'incoming-5ecre7-0f-another-gateway'
const keyOf = (name: string) => `tg-${name}-5ecre7-0f-observability`

export const keys = {
  search: keyOf('search'),
  sales: keyOf('sales'),
  open: keyOf('open'),
  poor: keyOf('poor'),
} as const

/** A relay that names its rate limit in every answer, and a collector that takes spans and refuses metrics. */
async function startOthers(t: TestContext): Promise<{ relay: string; collector: string }> {
  const relay = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-ratelimit-limit-requests': '100',
        'x-ratelimit-remaining-requests': '4',
        'x-ratelimit-limit-tokens': '10000',
        'x-ratelimit-remaining-tokens': '9000',
      })
      const message = { role: 'assistant', content: 'hello' }
      const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 }
      const choices = [{ index: 0, message, finish_reason: 'stop' }]
      response.end(JSON.stringify({ id: 'x', object: 'chat.completion', model: 'limited-1', choices, usage }))
    })
  })
  const collector = createServer((request, response) => {
    request.resume().on('end', () => {
      response
        .writeHead(request.url?.endsWith('/traces') ? 200 : 400, { 'content-type': 'application/x-protobuf' })
        .end()
    })
  })
  t.after(() => {
    for (const server of [relay, collector]) server.closeAllConnections()
    for (const server of [relay, collector]) server.close()
  })
  return { relay: await listening(relay), collector: await listening(collector) }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function configuration({ relay, collector }: { relay: string; collector: string }): string {
  return `drain_ms: 5000
providers:
  - {name: simulated, kind: simulated, retries: {max: 2, base_ms: 1}}
  - {name: limited, kind: openai-compatible, base_url: "${relay}", api_key: k, models: ["limited-*"]}
  - {name: nowhere, kind: openai-compatible, base_url: "http://127.0.0.1:9/v1", api_key: k, models: ["nowhere-*"], retries: {max: 1, base_ms: 1}}
keys:
  - {name: search, key: ${keys.search}, attribution: {department: engineering, project: search}}
  - {name: sales, key: ${keys.sales}, attribution: {department: sales, project: chatbot}, models: ["gpt-4.1*", "claude-*"]}
  - {name: open, key: ${keys.open}, attribution: {}, may_override: [department, project, user_id]}
  - {name: poor, key: ${keys.poor}, attribution: {department: research, project: tests}}
budgets:
  - {name: engineering, scope: {department: engineering}, limits: [{window: minute, usd: "1000"}, {window: month, usd: "5000"}]}
  - {name: sales, scope: {department: sales}, limits: [{window: month, usd: "800"}, {window: minute, requests: 100000}, {window: hour, tokens: 2000000000}, {concurrent: 500}]}
  - {name: research, scope: {department: research}, limits: [{window: month, usd: "0.000001"}]}
alerts:
  allow_private_urls: true
  receivers:
    - {name: away, webhook: {url: "http://127.0.0.1:9/", secret: a-secret-of-the-tests}}
    - {name: told, log: {}}
  routes:
    - {receivers: [away, told], group_interval: 1s}
  live:
    hourly_cost_usd: {total: "0.000001"}
incoming:
  - {source: elsewhere, secret: ${incomingSecret}, attribution: {department: unassigned}}
metrics:
  prefixes: [tollgate_, holysheep_]
  label_values: {project: 6}
telemetry:
  otlp: {endpoint: "${collector}", timeout_ms: 1000}
  traces: {sample_ratio: 1}
  metrics: {interval_ms: 1000}
`
}

export interface RunningGateway {
  readonly address: string
  readonly tollgate: Tollgate
  stop(): Promise<void>
}

/** `tollgate serve`, all its processes, as an operator runs it. */
export async function startGateway(t: TestContext): Promise<RunningGateway> {
  const place = workplace(t, configuration(await startOthers(t)))
  const tollgate = new Tollgate(t, place, ['serve'], { TOLLGATE_ADMIN_TOKEN: adminToken })
  const { address } = await tollgate.ready()
  return {
    address,
    tollgate,
    async stop() {
      tollgate.process.kill('SIGTERM')
      await tollgate.exit
    },
  }
}

import { createHmac } from 'node:crypto'

export const sourceSecret = 'incoming-5ecre7-0f-7he-relay'
/** As Standard Webhooks writes its secrets. */
export const standardSecret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

/** The section `incoming` of a configuration with the source `relay`. */
export const relaySource = `incoming:
  - {source: relay, secret: ${sourceSecret}, attribution: {department: unassigned, cost_center: cc_relay, tags: {via: relay}}}
  - {source: standard, secret: "${standardSecret}"}
  - {source: silent}`

export function signatureOf(body: string, secret = sourceSecret): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** The headers of Standard Webhooks, as its libraries make them. */
export function standardHeaders(body: string, atMs: number, secret: string): Record<string, string> {
  const [id, seconds] = ['msg_1', String(Math.floor(atMs / 1000))]
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` }
}

export interface Answered {
  readonly status: number
  readonly body: unknown
}

export async function post(url: string, body: string, headers: Record<string, string>): Promise<Answered> {
  const answer = await fetch(url, { method: 'POST', headers, body })
  return { status: answer.status, body: await answer.json() }
}

/** Sends a body of the source `relay`, signed. */
export function send(gatewayUrl: string, body: unknown): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return post(`${gatewayUrl}/webhook/relay`, text, { 'x-relay-signature': signatureOf(text) })
}

export const processed = { status: 200, body: { status: 'processed', alerts: 0 } }
export const duplicate = { status: 200, body: { status: 'duplicate', alerts: 0 } }

/** Processed, and so many alerts were set off by it. */
export function alarming(alerts: number): Answered {
  return { status: 200, body: { status: 'processed', alerts } }
}

/** The code and the path of an error answer. */
export function errorOf({ status, body }: Answered): readonly [status: number, code: unknown, param: unknown] {
  const error = (body as { readonly error?: { readonly code?: unknown; readonly param?: unknown } }).error
  return [status, error?.code, error?.param]
}

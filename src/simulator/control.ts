import type { ServerResponse } from 'node:http'
import { type Bill, type BillEntry, entryText } from './bill.ts'
import type { Received } from './call.ts'
import { DirectiveFault } from './directives.ts'
import type { FaultPlan } from './fault-plan.ts'

const maxRequests = 256
const maxShownBytes = 65_536

/** The latest requests as they arrived, so that a test can see what an upstream is sent. In memory only. */
export class RequestLog {
  readonly #latest: { readonly seq: number; readonly received: Received }[] = []

  add(seq: number, received: Received): void {
    if (received.body.length > maxShownBytes) return
    this.#latest.push({ seq, received })
    if (this.#latest.length >= maxRequests * 2) this.#latest.splice(0, maxRequests)
  }

  describe(): unknown[] {
    return this.#latest.slice(-maxRequests).map(({ seq, received }) => ({
      seq,
      method: received.method,
      path: received.path,
      query: received.query.toString(),
      headers: received.headers,
      bodyBase64: received.body.toString('base64'),
    }))
  }
}

interface Controlled {
  readonly bill: Bill
  readonly faults: FaultPlan
  readonly requests: RequestLog
}

/**
 * The simulation's own address, `/_simulator/…`: `GET bill` (`?after=<seq>`, `?hint=<id>`), `GET requests`,
 * `GET|PUT|DELETE faults`, `GET health`.
 */
export function answerControl(controlled: Controlled, received: Received, response: ServerResponse): void {
  const [status, body] = controlAnswer(controlled, received)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function controlAnswer({ bill, faults, requests }: Controlled, received: Received): [status: number, body: string] {
  const subject = received.path.slice('/_simulator'.length).replace(/^\//, '')
  switch (`${received.method} ${subject}`) {
    case 'GET health':
      return [200, '{"status":"healthy"}']
    case 'GET bill':
      return [200, billText(bill, received.query)]
    case 'GET requests':
      return [200, JSON.stringify({ requests: requests.describe() })]
    case 'DELETE faults':
      faults.replace([])
      return [200, JSON.stringify(faults.describe())]
    case 'GET faults':
      return [200, JSON.stringify(faults.describe())]
    case 'PUT faults':
    case 'POST faults':
      return replaceFaults(faults, received.body)
    default:
      return [404, '{"error":"known: bill, requests, faults, health"}']
  }
}

function replaceFaults(faults: FaultPlan, body: Buffer): [status: number, body: string] {
  try {
    faults.replace(JSON.parse(body.toString('utf8')))
  } catch (fault) {
    if (!(fault instanceof SyntaxError || fault instanceof DirectiveFault)) throw fault
    return [400, JSON.stringify({ error: fault.message })]
  }
  return [200, JSON.stringify(faults.describe())]
}

function billText(bill: Bill, query: URLSearchParams): string {
  const after = Number(query.get('after') ?? 0)
  const hint = query.get('hint')
  const wanted = (entry: BillEntry) => entry.seq > after && (hint === null || entry.requestHint === hint)
  const lines: string[] = []
  for (const entry of bill.entries()) if (wanted(entry)) lines.push(entryText(entry))
  return `{"total":${JSON.stringify(bill.total())},"entries":[\n${lines.join(',\n')}\n]}`
}

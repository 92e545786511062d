import type { SettleEntry } from '#core/ledger/entry.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { ClientExchange, ExternalEvents, Journal } from '#ports.ts'
import { shapeError } from '#providers/errors.ts'
import { type Refusal, type RefusalCode, refusalStatus, refusedBody, refusedByJournal, stopping } from '../refusal.ts'
import { admit, admitWithToken } from '../request/admit.ts'
import type { Road } from '../road.ts'
import { PayerFault, readBill } from './bill.ts'
import { type BookedOnce, BookOnce } from './book-once.ts'
import { EventBodies } from './event-bodies.ts'
import { FieldFault, parseBody } from './fields.ts'
import { settleExternal } from './settle-external.ts'
import { signatureFault } from './signature.ts'
import type { IncomingSource } from './source.ts'
import { readUsageEvents } from './usage-event.ts'

/** The doors for costs that were metered elsewhere. */
export interface Incoming {
  /** Answers the request and returns true where its path is one of these doors. Never throws. */
  take(road: Road, exchange: ClientExchange, draining: boolean): boolean
  /** From now on these sources may send usage. */
  configure(sources: readonly IncomingSource[]): void
}

interface IncomingParts {
  readonly sources: readonly IncomingSource[]
  readonly events: ExternalEvents
  readonly journal: Journal
  /** How many alerts a cost has set off that was just booked. */
  readonly alertsOf: (callId: string) => number
}

interface Booked extends BookedOnce {
  /** That it has set off. */
  readonly alerts: number
}

/** Larger than any event; a longer list comes in parts. */
const mostBodyBytes = 1_000_000
/** A bill is a few lines. Whoever has a key may send one, so that little of the calls' time may go into it. */
const mostBillBytes = 64_000

const billPath = '/v1/billing/webhook'
const webhookPrefix = '/webhook/'

export function createIncoming(parts: IncomingParts): Incoming {
  let byName = bySource(parts.sources)
  const gather = eventBodies()
  const books = new BookOnce(parts.events, parts.journal)

  const book = (road: Road, entries: readonly SettleEntry[]) => bookAll({ ...parts, books }, road, entries)

  const takeWebhook = async (road: Road, exchange: ClientExchange): Promise<object> => {
    const source = byName.get(exchange.path.slice(webhookPrefix.length))
    if (source === undefined) throw new Refused('source_not_found', 'No source of this name is configured here.')
    if (source.secret === null) {
      throw new Refused(
        'bad_signature',
        `No secret is configured for the source "${source.source}", so nothing is taken from it.`,
      )
    }
    const body = await gather(exchange)
    const nowMs = road.clock.wallMs()
    const { headers } = exchange
    const fault = signatureFault({ source: source.source, secret: source.secret, headers, body, nowMs })
    if (fault !== null) throw new Refused('bad_signature', fault)
    const parsed = parseBody(body)
    const costs = readUsageEvents(parsed, { source, nowMs, hashPrompt: road.hashPrompt })
    const results = await book(
      road,
      costs.map((cost) => settleExternal(road, cost)),
    )
    const processed = results.filter(({ kind }) => kind === 'booked').length
    const status = processed > 0 || results.length === 0 ? 'processed' : 'duplicate'
    const answer = { status, alerts: results.reduce((sum, { alerts }) => sum + alerts, 0) }
    return Array.isArray(parsed) ? { ...answer, processed, duplicates: results.length - processed } : answer
  }

  const takeBill = async (road: Road, exchange: ClientExchange): Promise<object> => {
    const nowMs = road.clock.wallMs()
    const caller =
      road.claims === null ? admit(road, exchange, nowMs) : await admitWithToken(road, road.claims, exchange, nowMs)
    if (caller.kind === 'refused') throw refusedAs(caller)
    if (!caller.key.mayBill) throw new Refused('billing_not_allowed', mayNotBill(caller.key.name))
    const body = parseBody(await wholeBody(exchange, mostBillBytes))
    const entry = settleExternal(road, readBill(body, { caller, headers: exchange.headers, nowMs }))
    const [result] = await book(road, [entry])
    if (result === undefined || result.kind === 'booked') return { status: 'processed', alerts: result?.alerts ?? 0 }
    if (result.picoUsd === entry.cost.totalPicoUsd) return { status: 'duplicate', alerts: 0 }
    throw new Refused(
      'amount_differs',
      `This resource of this vendor is booked with ${formatUsd(result.picoUsd)} USD already, not with ${formatUsd(entry.cost.totalPicoUsd)}. What is booked is not changed; send a bill with a resource_id of its own for the difference.`,
      'amount_usd',
    )
  }

  return {
    take(road, exchange, draining) {
      const { path, method } = exchange
      const work = path === billPath ? takeBill : path.startsWith(webhookPrefix) ? takeWebhook : null
      if (work === null) return false
      if (method !== 'POST') refuse(exchange, new Refused('method_not_allowed', `${path} takes POST, not ${method}.`))
      else if (draining) refuse(exchange, refusedAs(stopping))
      else {
        work(road, exchange).then(
          (body) => answer(exchange, 200, body),
          (fault: unknown) => refuse(exchange, refusalOf(road, fault)),
        )
      }
      return true
    },
    configure(next) {
      byName = bySource(next)
    },
  }
}

function mayNotBill(key: string): string {
  return `The key "${key}" is for calls, not for bills. Whoever runs Tollgate can allow them with "may_bill", or make a key of its own for them.`
}

/** Answers for all of them, or @throws for any: what is booked already stays. */
async function bookAll(
  { journal, events, books, alertsOf }: IncomingParts & { readonly books: BookOnce },
  { counts }: Road,
  entries: readonly SettleEntry[],
): Promise<readonly Booked[]> {
  const full = journal.refusal()
  if (full !== null) throw refusedAs(full)
  const unkept = events.refusal()
  if (unkept !== null) throw new Refused('journal_failing', unkept)
  return await Promise.all(
    entries.map(async (entry) => {
      const result = await books.book(entry)
      if (result.kind === 'booked') return { ...result, alerts: alertsOf(entry.call.callId) }
      counts.externalReplays += 1
      return { ...result, alerts: 0 }
    }),
  )
}

function bySource(sources: readonly IncomingSource[]): ReadonlyMap<string, IncomingSource> {
  return new Map(sources.map((source) => [source.source, source]))
}

const ownStatus = {
  source_not_found: 404,
  bad_signature: 403,
  payer_not_allowed: 403,
  billing_not_allowed: 403,
  amount_differs: 409,
} as const

const statusOf: Readonly<Record<Code, number>> = { ...refusalStatus, ...ownStatus }
type Code = RefusalCode | keyof typeof ownStatus

/** Why nothing was booked. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: Code
  readonly param: string

  constructor(code: Code, message: string, param = '') {
    super(message)
    this.code = code
    this.param = param
  }
}

function refusedAs({ code, message }: Pick<Refusal, 'code' | 'message'>): Refused {
  return new Refused(code, message)
}

function refusalOf(road: Road, fault: unknown): Refused {
  if (fault instanceof Refused) return fault
  if (fault instanceof FieldFault) return new Refused('invalid_request', fault.message, fault.path)
  if (fault instanceof PayerFault) return new Refused('payer_not_allowed', fault.message, fault.path)
  const refusal = fault instanceof JournalFault ? refusedByJournal(fault) : null
  if (refusal !== null) return refusedAs(refusal)
  road.onFault(fault)
  return new Refused(
    'internal_error',
    'The gateway failed to book this. Its log says why. It is safe to send it again.',
  )
}

/** Smaller ones are not counted. */
const largeBytes = 16 * 1024
/** Of larger ones that are not whole, together. */
const mostHeldBytes = 64_000_000

/**
 * Takes in the bodies of events. Who sends one shows it by a signature over all of it, so that it has to be whole before
 * anybody can judge it: without a bound, strangers could fill the memory.
 */
function eventBodies(): (exchange: ClientExchange) => Promise<Buffer> {
  const bodies = new EventBodies(mostHeldBytes)
  return async (exchange) => {
    // NaN where the length is not said.
    const announced = Number(exchange.headers['content-length'])
    if (announced <= largeBytes || announced > mostBodyBytes) return wholeBody(exchange, mostBodyBytes)
    refuseEncoded(exchange)
    const body = await bodies.gather(exchange, mostBodyBytes)
    if (Buffer.isBuffer(body)) return body
    switch (body) {
      case 'given_up':
        throw new Refused('rate_limited', givenUpMessage)
      case 'too_large':
        throw new Refused('body_too_large', `The request body is larger than the ${mostBodyBytes} bytes allowed here.`)
      case 'client_gone':
        throw new Refused('client_left', 'the client left before its request was complete')
    }
  }
}

const givenUpMessage =
  'So many large bodies are on their way here that this one, which has been longest, was given up. Send it again in a second, or in smaller parts.'

function refuseEncoded({ headers }: ClientExchange): void {
  if ((headers['content-encoding'] ?? 'identity') === 'identity') return
  throw new Refused('unsupported_content_type', 'Bodies are taken as they are, without content-encoding.')
}

async function wholeBody(exchange: ClientExchange, mostBytes: number): Promise<Buffer> {
  refuseEncoded(exchange)
  const body = await exchange.readBody(mostBytes)
  if (Buffer.isBuffer(body)) return body
  throw refusedAs(refusedBody(body))
}

function refuse(exchange: ClientExchange, { code, message, param }: Refused): void {
  if (exchange.gone) return
  const status = statusOf[code]
  const body = shapeError('openai', { status, code, message, ...(param === '' ? {} : { param }) })
  const more = status === 503 || status === 429 ? ['retry-after', '1'] : status === 405 ? ['allow', 'POST'] : []
  exchange.answer(status, ['content-type', 'application/json', ...more], body)
}

function answer(exchange: ClientExchange, status: number, body: object): void {
  if (exchange.gone) return
  exchange.answer(status, ['content-type', 'application/json'], Buffer.from(JSON.stringify(body)))
}

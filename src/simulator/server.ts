import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, isStream, jsonHeaders } from './answer.ts'
import { Bill, type BillSink, costOf, type Delivered } from './bill.ts'
import type { Call, Received, World } from './call.ts'
import { answerControl, RequestLog } from './control.ts'
import { countsUntil, noCounts } from './counts.ts'
import { deliver, type Time } from './delivery.ts'
import {
  DirectiveFault,
  type Directives,
  directivesIn,
  isFailing,
  noDirectives,
  parseDirectives,
  withoutFailures,
} from './directives.ts'
import { Attempts, FaultPlan } from './fault-plan.ts'
import { htmlPage } from './faulty.ts'
import { Memo } from './memo.ts'
import { paceOf, type Timing } from './pace.ts'
import { PromptCache } from './prompt-cache.ts'
import { hash32, randomFrom, randomName } from './random.ts'
import type { Recordings } from './recordings.ts'
import { type Dialect, errorBody, failureMessage, Refusal } from './refusal.ts'
import { dialectOf, type Found, findRoute } from './routes.ts'
import { Shelf } from './shelf.ts'

interface SimulationParts {
  readonly seed: number
  readonly timing: Timing
  readonly time: Time
  readonly billSink: BillSink | null
  /** Null = nothing to replay. */
  readonly recordings: Recordings | null
}

const maxBodyBytes = 512 * 1024 * 1024

/** The simulated provider, as a listener for `node:http`. */
export class Simulation {
  readonly bill: Bill
  readonly faults: FaultPlan
  readonly requests = new RequestLog()
  readonly #parts: SimulationParts
  readonly #world: World
  readonly #memo = new Memo()
  readonly #attempts = new Attempts()
  readonly #credentials = new Map<string, string>()
  readonly #idPrefix: string
  #seq = 0

  constructor(parts: SimulationParts) {
    this.#parts = parts
    this.bill = new Bill(parts.billSink)
    this.faults = new FaultPlan(parts.seed)
    this.#idPrefix = randomName(randomFrom(hash32('ids', parts.seed)), 14)
    this.#world = {
      seed: parts.seed,
      promptCache: new PromptCache(),
      files: new Shelf(),
      batches: new Shelf(),
      messageBatches: new Shelf(),
      responses: new Shelf(),
    }
  }

  readonly onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
    })
    request.on('end', () => {
      const [first] = chunks
      const body = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
      this.#respond(receivedOf(request, body), response)
    })
    request.on('error', () => response.destroy())
  }

  #respond(received: Received, response: ServerResponse): void {
    const { path, method } = received
    if (path.startsWith('/_simulator')) {
      answerControl(this, received, response)
      return
    }
    const seq = ++this.#seq
    this.requests.add(seq, received)
    const found = findRoute(method, path)
    const dialect = found?.route.dialect ?? dialectOf(path, received.headers['anthropic-version'] !== undefined)
    const startedAtMs = this.#parts.time.clock.monotonicMs()
    const id = this.#idPrefix + seq.toString(36).padStart(10, '0')
    let directives = noDirectives
    let answer: Answer
    let credential = ''
    try {
      credential = this.#credentialOf(received, dialect)
      directives = this.#directivesFor(received)
      answer = this.#answer({ received, found, dialect, directives, id, credential, seq })
    } catch (fault) {
      answer = refusalAnswer(dialect, fault, `req_${id}`)
    }
    const { timing, time } = this.#parts
    deliver({
      response,
      answer,
      usualHeaders: answer.replayed ? [] : usualHeaders(dialect, `req_${id}`),
      directives,
      dialect,
      pace: paceOf(timing, directives),
      startedAtMs,
      time,
      book: (delivered, outputTokens, booked) =>
        this.#book({ seq, received, answer, credential, found, delivered, outputTokens, directives }, booked),
    })
  }

  #answer(asked: Asked): Answer {
    const { received, found, dialect, directives, id } = asked
    if (directives.status !== undefined || directives.html) return failureAnswer(dialect, directives, `req_${id}`)
    if (!found) throw new Refusal(404, `Unknown request URL: ${received.method} ${received.path}.`, 'unknown_url')
    const nowMs = this.#parts.time.clock.wallMs()
    const replayed = this.#parts.recordings?.answer(found.route.api, received, directives.replay ?? null, id)
    if (replayed) return replayed
    const call: Call = {
      received,
      directives,
      id,
      nowMs,
      credential: asked.credential,
      params: found.params,
      world: this.#world,
    }
    const { route } = found
    return route.memo && directives === noDirectives ? this.#memo.answer(call, route.answer) : route.answer(call)
  }

  /** @throws Refusal (401) without a credential, or with one that says it is invalid. */
  #credentialOf(received: Received, dialect: Dialect): string {
    const secret = secretOf(received)
    if (secret === null) {
      throw new Refusal(401, "You didn't provide an API key. Provide it in an Authorization header.", null)
    }
    if (secret.includes('invalid')) {
      // Google calls it a bad argument.
      if (dialect === 'google') throw new Refusal(400, 'API key not valid. Please pass a valid API key.')
      throw new Refusal(401, 'Incorrect API key provided.', 'invalid_api_key')
    }
    const known = this.#credentials.get(secret)
    if (known !== undefined) return known
    const hash = createHash('sha256').update(secret).digest('hex').slice(0, 16)
    if (this.#credentials.size < 10_000) this.#credentials.set(secret, hash)
    return hash
  }

  #directivesFor(received: Received): Directives {
    const { headers, body, path } = received
    const header = headers['x-simulate']
    const inPrompt = body.includes('[[simulate:')
    if (header === undefined && !inPrompt && this.faults.isEmpty) return noDirectives
    const asked = {
      ...this.faults.orderFor(path, body),
      ...(inPrompt ? directivesIn(body.toString('utf8')) : noDirectives),
      ...(typeof header === 'string' ? parseDirectives(header) : noDirectives),
    }
    if (asked.times === undefined || !isFailing(asked)) return asked
    const key = asked.key ?? headers['x-simulate-id'] ?? headers['x-request-id'] ?? body.toString('latin1')
    return this.#attempts.count(String(key)) > asked.times ? withoutFailures(asked) : asked
  }

  #book(line: Line, booked: () => void): void {
    const { received, answer, found, delivered, directives } = line
    const { charge } = answer
    const atMs = this.#parts.time.clock.wallMs()
    const all = charge?.counts ?? noCounts
    const nothing = delivered !== 'whole' && (directives.resetAfter === -1 || failedUnsaid(line))
    const counts = nothing ? noCounts : delivered === 'whole' ? all : countsUntil(all, line.outputTokens)
    const model = charge?.model ?? ''
    const hint = received.headers['x-simulate-id'] ?? received.headers['x-request-id'] ?? null
    this.bill.book(
      {
        seq: line.seq,
        atMs,
        id: answer.id,
        requestHint: hint === null ? null : String(hint),
        credential: line.credential,
        api: found?.route.api ?? 'unknown',
        model,
        modelServed: charge?.modelServed ?? '',
        stream: isStream(answer.body),
        status: nothing ? 0 : answer.status,
        delivered,
        usageShown: !directives.noUsage,
        counts,
        costPicoUsd: costOf(model, counts, atMs, charge?.tier),
      },
      booked,
    )
  }
}

interface Asked {
  readonly received: Received
  readonly found: Found | null
  readonly dialect: Dialect
  readonly directives: Directives
  readonly id: string
  readonly credential: string
  readonly seq: number
}

interface Line {
  readonly seq: number
  readonly received: Received
  readonly answer: Answer
  readonly credential: string
  readonly found: Found | null
  readonly delivered: Delivered
  readonly outputTokens: number
  readonly directives: Directives
}

/** An error in place of any output is a refusal, unless the answer had counted the prompt by then, as Anthropic's does. */
function failedUnsaid({ answer, found, directives, outputTokens }: Line): boolean {
  const { errorAfter } = directives
  if (errorAfter === undefined || !isStream(answer.body) || outputTokens > 0) return false
  return errorAfter === 0 || found?.route.dialect !== 'anthropic'
}

const noQuery = new URLSearchParams()

function receivedOf(request: IncomingMessage, body: Buffer): Received {
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? noQuery : new URLSearchParams(url.slice(at + 1)),
    headers: request.headers,
    body,
  }
}

function secretOf(received: Received): string | null {
  const { headers, query } = received
  const bearer = headers.authorization
  if (bearer?.startsWith('Bearer ') && bearer.length > 7) return bearer.slice(7)
  return firstOf(headers, 'x-api-key') ?? firstOf(headers, 'x-goog-api-key') ?? query.get('key')
}

function firstOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : null
}

function usualHeaders(dialect: Dialect, requestId: string): readonly string[] {
  if (dialect === 'openai') return ['x-request-id', requestId, 'openai-processing-ms', '12']
  return dialect === 'anthropic' ? ['request-id', requestId] : []
}

function refusalAnswer(dialect: Dialect, fault: unknown, requestId: string): Answer {
  const refusal =
    fault instanceof Refusal
      ? fault
      : fault instanceof DirectiveFault
        ? new Refusal(400, fault.message, 'bad_directive')
        : new Refusal(500, `The simulation failed: ${String(fault)}`, 'simulation_failed')
  const body = JSON.stringify(errorBody(dialect, refusal, requestId))
  return { status: refusal.status, headers: jsonHeaders, body, id: requestId, charge: null, repeatable: false }
}

/** The failure that the directives name: a status in the API's own words, or a web page. */
function failureAnswer(dialect: Dialect, directives: Directives, requestId: string): Answer {
  const status = directives.status ?? 502
  const retry: Record<string, string> =
    directives.retryAfter === undefined ? {} : { 'retry-after': directives.retryAfter }
  const common = { status, id: requestId, charge: null, repeatable: false }
  if (directives.html) {
    return { ...common, headers: { ...retry, 'content-type': 'text/html' }, body: htmlPage }
  }
  const refusal = new Refusal(status, directives.message ?? failureMessage(status))
  const body = JSON.stringify(errorBody(dialect, refusal, requestId))
  return { ...common, headers: { ...jsonHeaders, ...retry }, body }
}

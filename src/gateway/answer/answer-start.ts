import { type BodyStart, bodyStart } from '#lib/body-start.ts'
import { noBytes } from '#lib/no-bytes.ts'
import type { AnswerSink, UpstreamAnswer, UpstreamFault } from '#ports.ts'

/** Some send white space while they think; of more than this the rest is not waited for. */
const mostBlankBytes = 65_536

interface AnswerStart {
  readonly start: BodyStart
  /** The same answer, of which nothing has been handed over yet. */
  readonly answer: UpstreamAnswer
}

/** Looks at how a body begins. Resolves with the first bytes that tell, or with the end. */
export function readStart(answer: UpstreamAnswer): Promise<AnswerStart> {
  return new Promise((resolve) => {
    const begun = new BegunAnswer(answer, (start) => resolve({ start, answer: begun }))
    answer.deliver(begun)
  })
}

/** Keeps what comes until somebody takes it: whoever waits for the start does so at once. */
class BegunAnswer implements UpstreamAnswer, AnswerSink {
  readonly status: number
  readonly headers: UpstreamAnswer['headers']
  readonly #answer: UpstreamAnswer
  #told: ((start: BodyStart) => void) | null
  #early: Buffer[] = []
  #earlyBytes = 0
  #end: UpstreamFault | 'ended' | null = null
  #sink: AnswerSink | null = null

  constructor(answer: UpstreamAnswer, told: (start: BodyStart) => void) {
    this.status = answer.status
    this.headers = answer.headers
    this.#answer = answer
    this.#told = told
  }

  deliver(sink: AnswerSink): void {
    this.#sink = sink
    const early = this.#early
    this.#early = []
    for (const chunk of early) sink.bytes(chunk)
    if (this.#end === 'ended') sink.end()
    else if (this.#end !== null) sink.fail(this.#end)
  }

  pause(): void {
    this.#answer.pause()
  }

  resume(): void {
    this.#answer.resume()
  }

  bytes(chunk: Buffer): void {
    if (this.#sink !== null) return this.#sink.bytes(chunk)
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    this.#look(this.#earlyBytes > mostBlankBytes)
  }

  end(): void {
    if (this.#sink !== null) return this.#sink.end()
    this.#end = 'ended'
    this.#look(true)
  }

  fail(fault: UpstreamFault): void {
    if (this.#sink !== null) return this.#sink.fail(fault)
    this.#end = fault
    this.#look(true)
  }

  #look(ended: boolean): void {
    if (this.#told === null) return
    const [first = noBytes] = this.#early
    const start = bodyStart(this.#early.length === 1 ? first : Buffer.concat(this.#early), ended)
    if (start === null) return
    this.#told(start)
    this.#told = null
  }
}

import type { BodyFault, ClientExchange, RawHeaders } from '#ports.ts'
import { callerSecret } from '#test/support/stack.ts'
import { Chance } from './chance.ts'
import type { Machine } from './machine.ts'
import type { CallPlan } from './plan.ts'

/** A caller as the gateway sees it, that watches what it is sent and when. */
export class FakeClient implements ClientExchange {
  readonly method = 'POST'
  readonly path: string
  readonly query = ''
  readonly headers: ClientExchange['headers']
  readonly rawHeaders: RawHeaders
  readonly requestId: string
  gone = false
  started = false
  /** Answers that came to their end: the status, and all text. */
  status = 0
  text = ''
  ended = false
  brokenOff = false
  readonly #plan: CallPlan
  readonly #machine: Machine
  readonly #chance: Chance
  #onGone: (() => void) | null = null
  #onDrain: (() => void) | null = null
  #paused = false

  constructor(plan: CallPlan, machine: Machine, seed: number) {
    this.#plan = plan
    this.#machine = machine
    this.#chance = new Chance(seed + plan.index * 7919)
    this.requestId = `r${plan.index}`
    this.path = plan.dialect === 'openai' ? '/v1/chat/completions' : '/v1/messages'
    this.headers = {
      authorization: `Bearer ${callerSecret}`,
      'content-type': 'application/json',
      'x-request-id': this.requestId,
    }
    this.rawHeaders = ['content-type', 'application/json', 'x-plan', String(plan.index)]
    if (plan.leavesAfterMs !== null) machine.time.after(plan.leavesAfterMs, () => this.#leave())
  }

  /** It got all of an answer that says that all went well. */
  get whole(): boolean {
    if (this.status !== 200) return false
    return this.#plan.stream ? this.#terminal() : this.ended
  }

  readBody(): Promise<Buffer | BodyFault> {
    const model = this.#plan.dialect === 'openai' ? 'gpt-4.1-mini' : 'claude-haiku-4-5'
    const content = `Question ${this.#plan.index}`
    const body = { model, max_tokens: 1000, stream: this.#plan.stream, messages: [{ role: 'user', content }] }
    return new Promise((resolve) => {
      this.#machine.time.after(this.#plan.bodyDelayMs, () => {
        if (this.gone) resolve({ kind: 'fault', code: 'client_gone', message: 'the client left too early' })
        else resolve(Buffer.from(JSON.stringify(body)))
      })
    })
  }

  bodyStream(): NodeJS.ReadableStream {
    throw new Error('nobody uploads here')
  }

  answer(status: number, _headers: RawHeaders, body: Buffer): void {
    if (this.started) this.#machine.violation(`${this.requestId}: a second answer`)
    this.#receive(() => {
      this.started = true
      this.status = status
      this.text = body.toString()
      this.ended = true
    })
  }

  start(status: number): void {
    if (this.started) this.#machine.violation(`${this.requestId}: a second answer`)
    this.#receive(() => {
      this.started = true
      this.status = status
    })
  }

  flushHead(): void {}

  write(chunk: Buffer): boolean {
    if (!this.started && !this.gone) this.#machine.violation(`${this.requestId}: bytes before the head`)
    this.#receive(() => {
      this.text += chunk.toString()
    })
    if (this.#paused) this.#machine.violation(`${this.requestId}: written to although it does not read`)
    if (!this.#chance.happens(this.#plan.slowRatio)) return true
    this.#paused = true
    this.#machine.time.after(this.#plan.slowMs, () => {
      this.#paused = false
      if (!this.gone && this.#machine.step()) this.#onDrain?.()
    })
    return false
  }

  end(chunk: Buffer): void {
    this.#receive(() => {
      this.text += chunk.toString()
      this.ended = true
    })
  }

  breakOff(): void {
    this.#receive(() => {
      this.brokenOff = true
      this.ended = true
    })
  }

  onDrain(run: () => void): void {
    this.#onDrain = run
  }

  onGone(run: () => void): void {
    const before = this.#onGone
    if (this.gone) run()
    else
      this.#onGone = () => {
        before?.()
        run()
      }
  }

  onTaken(run: () => void): void {
    run()
  }

  #leave(): void {
    if (this.ended || !this.#machine.step()) return
    this.gone = true
    this.#onGone?.()
  }

  #receive(take: () => void): void {
    if (!this.#machine.step() || this.gone) return
    if (this.ended) this.#machine.violation(`${this.requestId}: something is sent after the end`)
    take()
    // Where nothing went upstream there is nothing to be lost.
    const told = this.ended || this.#terminal()
    if (!told || !this.#machine.sent.has(this.requestId)) return
    if (!this.#machine.hasEntry('settle', this.requestId)) {
      this.#machine.violation(`${this.requestId}: told of the end before the ledger was`)
    }
  }

  #terminal(): boolean {
    if (!this.#plan.stream) return false
    const mark = this.#plan.dialect === 'openai' ? 'data: [DONE]' : 'data: {"type":"message_stop"}'
    return this.text.includes(mark)
  }
}

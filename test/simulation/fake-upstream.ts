import {
  type AnswerSink,
  type PendingAnswer,
  type Upstream,
  type UpstreamAnswer,
  UpstreamFault,
  type UpstreamFaultCode,
  type UpstreamRequest,
} from '#ports.ts'
import type { Machine } from './machine.ts'
import type { AttemptPlan, CallPlan } from './plan.ts'

/** What the provider knows of a call. */
export interface Served {
  attempts: number
  /** The last attempt's answer was taken in to its proper end. */
  whole: boolean
}

/** A provider that does with each call what its plan says, and bears the gateway's pauses. */
export class FakeUpstream implements Upstream {
  readonly served = new Map<number, Served>()
  readonly #plans: readonly CallPlan[]
  readonly #machine: Machine

  constructor(plans: readonly CallPlan[], machine: Machine) {
    this.#plans = plans
    this.#machine = machine
  }

  send(request: UpstreamRequest): PendingAnswer {
    const at = request.headers.indexOf('x-plan')
    const index = Number(request.headers[at + 1])
    const plan = this.#plans[index]
    if (at < 0 || plan === undefined) throw new Error('a request of nobody')
    const served = this.served.get(index) ?? { attempts: 0, whole: false }
    if (this.#machine.step()) {
      if (!this.#machine.hasEntry('open', `r${index}`)) this.#machine.violation(`r${index}: sent without an open entry`)
      if (this.#machine.hasEntry('settle', `r${index}`)) this.#machine.violation(`r${index}: sent after it was settled`)
      this.#machine.sent.add(`r${index}`)
      served.attempts++
      this.served.set(index, served)
    }
    const attempt = plan.attempts[Math.min(served.attempts, plan.attempts.length) - 1]
    if (attempt === undefined) throw new Error('an attempt without a plan')
    return new PlannedAnswer(attempt, served, this.#machine)
  }
}

class PlannedAnswer implements PendingAnswer, UpstreamAnswer {
  readonly answer: Promise<UpstreamAnswer>
  readonly status: number
  readonly headers: UpstreamAnswer['headers']
  readonly #plan: AttemptPlan
  readonly #served: Served
  readonly #machine: Machine
  #reject: (fault: UpstreamFault) => void = () => {}
  #headSent = false
  #sink: AnswerSink | null = null
  #next = 0
  #paused = false
  #due = false
  #over = false

  constructor(plan: AttemptPlan, served: Served, machine: Machine) {
    this.#plan = plan
    this.#served = served
    this.#machine = machine
    this.status = plan.status
    const retry = plan.retryAfterMs === null ? {} : { 'retry-after-ms': String(plan.retryAfterMs) }
    this.headers = { 'content-type': plan.contentType, ...retry }
    this.answer = new Promise((resolve, reject) => {
      this.#reject = reject
      machine.time.after(plan.headDelayMs, () => {
        if (this.#over || !machine.step()) return
        if (plan.faultBeforeHead !== null) this.#break(plan.faultBeforeHead)
        else {
          this.#headSent = true
          resolve(this)
        }
      })
    })
  }

  deliver(sink: AnswerSink): void {
    this.#sink = sink
    this.#schedule()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (!this.#due) return
    this.#due = false
    this.#step()
  }

  abort(): void {
    this.#break('aborted')
  }

  #schedule(): void {
    const piece = this.#plan.pieces[this.#next]
    this.#machine.time.after(piece?.delayMs ?? 0, () => {
      if (this.#paused) this.#due = true
      else this.#step()
    })
  }

  #step(): void {
    if (this.#over || !this.#machine.step()) return
    const piece = this.#plan.pieces[this.#next]
    this.#next++
    if (piece !== undefined) {
      this.#sink?.bytes(Buffer.from(piece.text))
      if (!this.#over) this.#schedule()
    } else if (this.#plan.faultAtEnd !== null) {
      this.#break(this.#plan.faultAtEnd)
    } else {
      this.#over = true
      this.#served.whole = this.#plan.status === 200
      this.#sink?.end()
    }
  }

  #break(code: UpstreamFaultCode): void {
    if (this.#over) return
    this.#over = true
    const fault = new UpstreamFault(code, `planned: ${code}`)
    if (this.#headSent) this.#sink?.fail(fault)
    else this.#reject(fault)
  }
}

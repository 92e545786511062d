import { setTimeout as pause } from 'node:timers/promises'
import { composeSimulator } from '#compose/simulator/simulator.ts'
import { randomFrom } from '#simulator/random.ts'
import { type CallResult, callKinds, makeCall, newAgent } from './calls.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import { checkReport } from './report.ts'
import { TollgateProcess } from './tollgate-process.ts'

export interface KillOptions {
  readonly seed: number
  readonly kills: number
  readonly callers: number
  readonly onKill?: (done: number) => void
}

export interface KillReport extends Reconciled {
  readonly kills: Readonly<Record<Victim, number>>
  /** Of them, while the gateway was still starting, mostly while it settled what the death before had left. */
  readonly killsWhileStarting: number
  readonly verified: string
  readonly costUsd: bigint
}

/** What is killed: one process, or at one stroke all of them. */
export type Victim = 'gateway' | 'console' | 'supervisor' | 'everything'

/** Each of them early, then any. The supervisor's own pause grows from death to death of a child, until it dies. */
const firstVictims: readonly Victim[] = ['gateway', 'everything', 'console', 'supervisor']
const laterVictims: readonly Victim[] = [
  'gateway',
  'gateway',
  'gateway',
  'console',
  'everything',
  'everything',
  'supervisor',
]

/**
 * Callers of all kinds on one side, a simulated provider on the other, and between them a Tollgate of which something
 * is killed at random moments. Answers when what the callers saw, ledger, bill and report agree.
 *
 * @throws AssertionError where they do not.
 */
export async function surviveKills(options: KillOptions): Promise<KillReport> {
  const random = randomFrom(options.seed)
  const timing = { ttftMs: 4, tokensPerSecond: 1500 }
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing })
  const tollgate = await TollgateProcess.prepare({ upstream: simulator.address, whole: true })
  try {
    const load = new Load(tollgate.url, options.callers, random)
    await tollgate.start()
    load.begin()
    const killed = await killAtRandom(tollgate, random, options)
    // So that calls go on after the last kill; none of them is waited for.
    await pause(200)
    const results = await load.end()
    const code = await tollgate.terminate()
    if (code !== 0) throw new Error(`Tollgate stopped with ${code}: ${tollgate.stderr}`)
    const { code: verifyCode, text, stderr } = await tollgate.verify()
    if (verifyCode !== 0) throw new Error(`tollgate verify: ${text}${stderr}`)
    const entries = await tollgate.entries()
    const bill = [...simulator.simulation.bill.entries()]
    const reconciled = reconcile(results, entries, bill)
    await startAgain(tollgate)
    const costUsd = await checkReport(tollgate, entries, bill)
    return { ...reconciled, ...killed, verified: text, costUsd }
  } finally {
    await tollgate.remove()
    await simulator.close()
  }
}

async function killAtRandom(
  tollgate: TollgateProcess,
  random: () => number,
  options: KillOptions,
): Promise<Pick<KillReport, 'kills' | 'killsWhileStarting'>> {
  const kills = { gateway: 0, console: 0, supervisor: 0, everything: 0 }
  let killsWhileStarting = 0
  for (let done = 1; done <= options.kills; done++) {
    const victim = firstVictims[done - 1] ?? laterVictims[Math.floor(random() * laterVictims.length)] ?? 'everything'
    await pause(20 + random() * 300)
    await kill(tollgate, victim, random)
    kills[victim]++
    options.onKill?.(done)
    if (victim === 'everything' && done < options.kills && random() < 0.4) {
      const starting = tollgate.start()
      await pause(random() * 600)
      await tollgate.kill()
      await starting
      done++
      kills.everything++
      killsWhileStarting++
      options.onKill?.(done)
    }
    if (victim === 'supervisor' || victim === 'everything') await startAgain(tollgate)
    else if (!(await tollgate.serves())) throw new Error(`the supervisor has ended: ${tollgate.stderr}`)
  }
  return { kills, killsWhileStarting }
}

async function kill(tollgate: TollgateProcess, victim: Victim, random: () => number): Promise<void> {
  switch (victim) {
    case 'gateway':
      return tollgate.killChild('gateway')
    case 'console':
      // It needs a second to open the store, and is to be met before and after.
      await pause(random() * 1_500)
      return tollgate.killChild('console')
    case 'supervisor':
      return tollgate.killSupervisor()
    case 'everything':
      return tollgate.kill()
  }
}

async function startAgain(tollgate: TollgateProcess): Promise<void> {
  if (!(await tollgate.start())) throw new Error(`Tollgate did not start again: ${tollgate.stderr}`)
}

/** Callers that each make one call after the other, and wait where nobody answers. */
class Load {
  readonly #url: string
  readonly #callers: number
  readonly #random: () => number
  readonly #results: CallResult[] = []
  #running: Promise<void>[] = []
  #ending = false
  #count = 0

  constructor(url: string, callers: number, random: () => number) {
    this.#url = url
    this.#callers = callers
    this.#random = random
  }

  begin(): void {
    this.#running = Array.from({ length: this.#callers }, () => this.#callOn())
  }

  /** When the calls under way have ended. */
  async end(): Promise<readonly CallResult[]> {
    this.#ending = true
    await Promise.all(this.#running)
    return this.#results
  }

  async #callOn(): Promise<void> {
    const agent = newAgent()
    while (!this.#ending) {
      const result = await this.#call(agent)
      if (result.fate === 'unreached') await pause(20)
      else this.#results.push(result)
    }
    agent.destroy()
  }

  #call(agent: ReturnType<typeof newAgent>): Promise<CallResult> {
    const random = this.#random
    const kind = callKinds[Math.floor(random() * callKinds.length)]
    if (kind === undefined) throw new Error('there are no kinds of calls')
    const id = `call-${this.#count++}`
    const tokens = 1 + Math.floor(random() * 120)
    const prompt = `${id} ${'Tell me about the bridge. '.repeat(1 + Math.floor(random() * 20))}`
    return makeCall(this.#url, agent, { kind, id, prompt, wishes: `tokens=${tokens}` })
  }
}

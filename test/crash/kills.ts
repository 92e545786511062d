import { setTimeout as pause } from 'node:timers/promises'
import { composeSimulator } from '#compose/simulator.ts'
import { randomFrom } from '#simulator/random.ts'
import { type CallResult, callKinds, makeCall, newAgent } from './calls.ts'
import { GatewayProcess } from './gateway-process.ts'
import { type Reconciled, reconcile } from './reconcile.ts'

export interface KillOptions {
  readonly seed: number
  readonly kills: number
  readonly callers: number
  readonly onKill?: (done: number) => void
}

export interface KillReport extends Reconciled {
  readonly kills: number
  /** Of them, while the gateway was still starting, mostly while it settled what the death before had left. */
  readonly killsWhileStarting: number
  readonly verified: string
  readonly costUsd: bigint
}

/**
 * Callers of all kinds on one side, a simulated provider on the other, and between them a gateway that is killed at
 * random moments and started again. Answers when ledger, bill and what the callers saw agree.
 *
 * @throws AssertionError where they do not.
 */
export async function surviveKills(options: KillOptions): Promise<KillReport> {
  const random = randomFrom(options.seed)
  const timing = { ttftMs: 4, tokensPerSecond: 1500 }
  const simulator = await composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing })
  const gateway = await GatewayProcess.prepare({ upstream: simulator.address })
  try {
    const load = new Load(gateway.url, options.callers, random)
    let killsWhileStarting = 0
    await gateway.start()
    load.begin()
    for (let kill = 0; kill < options.kills; kill++) {
      await pause(20 + random() * 300)
      await gateway.kill()
      options.onKill?.(kill + 1)
      const started = gateway.start()
      if (kill + 1 < options.kills && random() < 0.2) {
        await pause(random() * 600)
        await gateway.kill()
        kill++
        killsWhileStarting++
        options.onKill?.(kill + 1)
        await gateway.start()
      } else if (!(await started)) throw new Error(`the gateway did not start again: ${gateway.stderr}`)
    }
    await pause(200)
    const results = await load.end()
    const code = await gateway.terminate()
    if (code !== 0) throw new Error(`the gateway stopped with ${code}: ${gateway.stderr}`)
    const { code: verifyCode, text } = await gateway.verify()
    if (verifyCode !== 0) throw new Error(`tollgate verify: ${text}`)
    const entries = await gateway.entries()
    const bill = [...simulator.simulation.bill.entries()]
    const costUsd = entries.reduce((sum, entry) => (entry.kind === 'settle' ? sum + entry.cost.totalPicoUsd : sum), 0n)
    const reconciled = reconcile(results, entries, bill)
    return { ...reconciled, kills: options.kills, killsWhileStarting, verified: text, costUsd }
  } finally {
    await gateway.remove()
    await simulator.close()
  }
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

import type { Log } from '#lib/log.ts'

/** What can be away for a while, by the code of the errors that say so, and how it is told that it is back. */
const back = {
  store_unreachable: 'the usage store answers questions again',
  gateway_unreachable: 'the gateway answers questions about budgets again',
} as const

type Away = keyof typeof back

/**
 * Requests to the console that failed. Those that did because something is away are told of once, when it is missed for the
 * first time, and counted until it is back: a dashboard asks every few seconds, and would fill the log.
 */
export class RequestFaults {
  readonly #log: Log
  /** How many failed since it was told. */
  readonly #away = new Map<Away, number>()

  constructor(log: Log) {
    this.#log = log
  }

  readonly failed = (error: unknown): void => {
    const code = awayBy(error)
    if (code === null) return this.#log.error({ err: error }, 'a request to the console failed')
    const count = this.#away.get(code)
    this.#away.set(code, (count ?? 0) + 1)
    if (count !== undefined) return
    this.#log.error({ code }, `a request to the console failed, as others will, which are counted: ${messageOf(error)}`)
  }

  /** Asks what may be away. An answer shows that it is not. */
  async asking<Answer>(code: Away, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = await ask()
    const failed = this.#away.get(code)
    if (failed !== undefined) {
      this.#away.delete(code)
      this.#log.info({ failed }, `${back[code]}; so many requests failed meanwhile`)
    }
    return answer
  }
}

function awayBy(error: unknown): Away | null {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'store_unreachable' || code === 'gateway_unreachable' ? code : null
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

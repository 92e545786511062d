import { type ChildProcess, spawn } from 'node:child_process'

export interface ChildSpec {
  readonly name: string
  /** The program's arguments, for this same Node. */
  readonly args: readonly string[]
  /** Options of Node itself. */
  readonly nodeFlags: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The child loads its modules at once, but begins its work only with this message; asked for at every start. */
  readonly begin: () => Promise<object>
  /** Deaths before it was ever ready after which it is given up, or with the first that it says no start can help: null = never. */
  readonly mostFailedStarts: number | null
}

interface ChildEvents {
  readonly onReady: (address: string | undefined) => void
  /** It cannot start, and starting it again would not help: a line for people. */
  readonly onFatal: (line: string) => void
  /** @param fatal as in `onFatal`, where it said so; whoever is never given up is started again all the same */
  readonly onRestart: (why: { fatal: string | null; end: string }, delayMs: number) => void
}

/** A child process that is started again when it dies. */
export interface Child {
  /** Asks it to end in order and kills it after the deadline. True where it ended by itself, with code 0. */
  stop(deadlineMs: number): Promise<boolean>
  kill(): void
  /** Sends a message, if it is there to be told. */
  tell(message: object): void
}

const restartDelaysMs = [0, 250, 1_000, 2_000, 5_000, 10_000, 30_000]
/** Alive for this long, its next death counts as the first again. */
const settledMs = 60_000

/**
 * Starts a child and keeps it alive: dead, it is started again at once, then with growing pauses. The child inherits
 * stdout and stderr, so that its last words are not lost with us, and has a channel to us, which closes when we die.
 */
export function keepAlive(spec: ChildSpec, events: ChildEvents): Child {
  let child: ChildProcess | null = null
  let deaths = 0
  let everReady = false
  let stopping = false
  let restart: NodeJS.Timeout | null = null

  const start = () => {
    restart = null
    const startedAt = performance.now()
    const started = spawn(process.execPath, [...spec.nodeFlags, ...spec.args], {
      env: spec.env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A configuration holds amounts, which JSON cannot carry.
      serialization: 'advanced',
    })
    child = started
    void spec.begin().then((message) => tell(started, message))
    let fatal: string | null = null
    started.on('message', (message) => {
      const said: { ready?: unknown; address?: unknown; fatal?: unknown } = Object(message)
      if (typeof said.fatal === 'string') fatal = said.fatal
      if (said.ready !== true) return
      everReady = true
      events.onReady(typeof said.address === 'string' ? said.address : undefined)
    })
    let gone = false
    const onGone = (why: string) => {
      if (gone) return
      gone = true
      child = null
      if (stopping) return
      const mayBeGivenUp = !everReady && spec.mostFailedStarts !== null
      if (fatal !== null && mayBeGivenUp) return events.onFatal(fatal)
      deaths = performance.now() - startedAt > settledMs ? 1 : deaths + 1
      if (mayBeGivenUp && deaths >= (spec.mostFailedStarts ?? 0)) {
        return events.onFatal(`the ${spec.name} does not start (${why})`)
      }
      const delayMs = restartDelaysMs[Math.min(deaths, restartDelaysMs.length) - 1] ?? 0
      events.onRestart({ fatal, end: why }, delayMs)
      restart = setTimeout(start, delayMs)
    }
    started.on('error', (error) => onGone(error.message))
    started.on('exit', (code, signal) => onGone(signal === null ? `ended with code ${code}` : `killed by ${signal}`))
  }
  start()

  return {
    async stop(deadlineMs) {
      stopping = true
      if (restart !== null) clearTimeout(restart)
      return child === null || endInOrder(child, deadlineMs)
    },
    kill() {
      stopping = true
      if (restart !== null) clearTimeout(restart)
      child?.kill('SIGKILL')
    },
    tell: (message) => {
      if (child !== null) tell(child, message)
    },
  }
}

/** A child that is gone again cannot be told anything; its exit is dealt with where it is noticed. */
function tell(child: ChildProcess, message: object): void {
  if (child.connected) child.send(message, () => {})
}

function endInOrder(child: ChildProcess, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
    child.on('exit', (code) => {
      clearTimeout(deadline)
      resolve(code === 0)
    })
    // A closed channel says the same to the child as the message does.
    if (child.connected) child.send({ stop: true }, (error) => error !== null && child.kill('SIGTERM'))
    else child.kill('SIGTERM')
  })
}

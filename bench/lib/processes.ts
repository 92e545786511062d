import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The gateway under test has core 0 for itself; load, upstream and console share core 1. */
export const underTest = 0
export const everythingElse = 1

const started = new Set<ChildProcess>()

export interface Started {
  readonly pid: number
  stop(): Promise<void>
}

export interface StartOptions {
  readonly core: number
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Sent to the process, as the supervisor does to a role. */
  readonly message?: object
  /** Resolves the start when it answers. */
  readonly readyUrl?: string
  readonly onOutput?: (text: string) => void
}

/** Starts a process pinned to a core and waits until it serves. @throws where it does not within ten seconds. */
export async function start(options: StartOptions): Promise<Started> {
  const child = spawn('taskset', ['-c', String(options.core), ...options.command], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // As the supervisor does: a configuration holds amounts, which JSON cannot carry.
    serialization: 'advanced',
  })
  if (options.message !== undefined) child.send(options.message)
  started.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-4_000)
      options.onOutput?.(data.toString())
    })
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (options.readyUrl !== undefined)
    await untilServing(
      options.readyUrl,
      () => child.exitCode !== null,
      () => output,
    )
  return {
    pid: child.pid ?? 0,
    async stop() {
      if (options.message === undefined) child.kill('SIGTERM')
      else child.send({ stop: true })
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await exited
      clearTimeout(timer)
      started.delete(child)
    },
  }
}

async function untilServing(url: string, gone: () => boolean, output: () => string): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  for (;;) {
    try {
      await (await fetch(url)).arrayBuffer()
      return
    } catch {
      if (gone() || performance.now() > deadlineMs) throw new Error(`${url} does not answer:\n${output()}`)
      await pause(20)
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The load that this process makes itself, with all its threads, stays away from what is measured. */
export function leaveTheCore(): void {
  const { status } = spawnSync('taskset', ['-a', '-c', '-p', String(everythingElse), String(process.pid)])
  if (status !== 0) throw new Error('the benchmark cannot be pinned to a core: it needs taskset, and two cores')
}

/** Nothing that was started outlives the benchmark. */
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

/** Resident memory of a process in MB. */
export function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) / 1024
}

/** Processor time of a process and its threads so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** wrk does not come from npm: it is installed where that is possible, else the reason is said. */
export function needWrk(): void {
  if (spawnSync('wrk', ['-v']).error === undefined) return
  if (process.getuid?.() === 0) {
    process.stderr.write('installing the load generator wrk …\n')
    const shell = 'apt-get update -qq && apt-get install -y -qq wrk'
    if (spawnSync('sh', ['-c', shell], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) return
  }
  throw new Error('the benchmark needs the load generator wrk: apt-get install wrk')
}

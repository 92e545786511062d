import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { type ClosedLoop, closedLoop } from './lib/closed-loop.ts'
import { type OpenLoop, openLoop } from './lib/open-loop.ts'
import { cpuSeconds, leaveTheCore, needWrk, residentMb } from './lib/processes.ts'
import { reportLatency } from './lib/report-latency.ts'
import { beginStreams, runStreams, type Streams } from './lib/streams.ts'
import { startBareProxy, startPortkey, startTollgate, startUpstream } from './lib/systems.ts'
import { number, table } from './lib/table.ts'
import { type Target, targets } from './lib/targets.ts'

/**
 * What the gateway costs, measured in one run against the same upstream: direct, through a bare proxy, through
 * Tollgate with everything on, and through the gateway of portkey. Prints a table and writes it to bench/results.
 *
 *   npm run bench [-- --quick]
 */
const quick = process.argv.includes('--quick')
const seconds = quick ? 3 : 4
const rounds = quick ? 1 : 7
const connections = [1, 16, 64]

interface ClosedRound extends ClosedLoop {
  /** Processor time of the process under test for each request, in microseconds. */
  readonly cpuUs: number
}

needWrk()
leaveTheCore()
const upstream = await startUpstream()
const bare = await startBareProxy()
const tollgate = await startTollgate()
const portkey = await startPortkey()
const systems: readonly Target[] = [targets.direct, targets.bare, targets.tollgate, targets.portkey]
const streamed: readonly Target[] = [targets.direct, targets.bare, targets.tollgate]

progress('warming up')
// Until the code that every call runs is optimized: what serves for days is not judged by its first seconds.
for (const target of systems) await closedLoop(target, 64, quick ? 2 : target === targets.direct ? 2 : 20)
for (const target of streamed) await runStreams(target, quick ? 50 : 300, 300)

const pids: Readonly<Record<string, number>> = {
  ...{ [targets.direct.name]: upstream.pid, [targets.bare.name]: bare.pid },
  ...{ [targets.tollgate.name]: tollgate.pid, [targets.portkey.name]: portkey.pid },
}
const closed = new Map<string, ClosedRound[]>()
for (const count of connections) {
  // In turn and several times: what the machine does beside this hits all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const target of systems) {
      progress(`closed loop, ${count} connections, ${target.name}, round ${round + 1} of ${rounds}`)
      const pid = pids[target.name] ?? 0
      const before = cpuSeconds(pid)
      const result = await closedLoop(target, count, seconds)
      const cpuUs = ((cpuSeconds(pid) - before) * 1e6) / Math.max(1, result.requestsPerSecond * seconds)
      const name = `${target.name} ${count}`
      closed.set(name, [...(closed.get(name) ?? []), { ...result, cpuUs }])
    }
  }
}

const open: { readonly [name: string]: OpenLoop }[] = []
for (let round = 1; round <= rounds; round += 1) {
  const measured: Record<string, OpenLoop> = {}
  for (const target of streamed) {
    progress(`open loop, 1,000 requests a second, ${target.name}, round ${round} of ${rounds}`)
    measured[target.name] = await openLoop(target, 1_000, seconds)
  }
  open.push(measured)
}

const streams = new Map<string, Streams>()
for (const target of streamed) {
  progress(`streams one after another, ${target.name}`)
  streams.set(`${target.name}, one after another`, await runStreams(target, quick ? 3 : 10, 1))
  progress(`20 new streams a second, ${target.name}`)
  streams.set(`${target.name}, 20 new ones a second`, await beginStreams(target, 20, quick ? 2 : 8))
  progress(`1,000 streams at once, ${target.name}`)
  streams.set(`${target.name}, 1,000 at once`, await runStreams(target, 1_000, 1_000))
}
const memoryMb = residentMb(tollgate.pid)
progress('how soon a report shows a call')
const reportMs = await reportLatency(quick ? 3 : 20)

for (const started of [portkey, tollgate, bare, upstream]) await started.stop()
const report = render()
process.stdout.write(`${report}\n`)
if (!quick) writeFileSync(new URL('results/gateway.md', import.meta.url), `${report}\n`)

function render(): string {
  const at = (name: string, count: number): readonly ClosedRound[] => closed.get(`${name} ${count}`) ?? []
  const closedRows = systems.flatMap((target) =>
    connections.map((count) => {
      const results = at(target.name, count)
      const inRounds = (figure: keyof ClosedRound, digits = 0): string =>
        number(middle(results.map((result) => result[figure])), digits)
      return [
        `${target.name}, ${count}`,
        inRounds('requestsPerSecond'),
        inRounds('p50Ms', 3),
        inRounds('p99Ms', 3),
        inRounds('cpuUs'),
        number(results.reduce((sum, result) => sum + result.errors, 0)),
      ]
    }),
  )
  const openRows = streamed.map(({ name }) => {
    const inRounds = (figure: 'p50Ms' | 'p99Ms', over?: string): string =>
      number(middle(open.map((round) => (round[name]?.[figure] ?? 0) - (round[over ?? '']?.[figure] ?? 0))), 3)
    const errors = open.reduce((sum, round) => sum + (round[name]?.errors ?? 0), 0)
    const added = [inRounds('p50Ms', 'direct'), inRounds('p99Ms', 'direct')]
    return [name, inRounds('p50Ms'), inRounds('p99Ms'), ...added, number(errors)]
  })
  const streamRows = [...streams].map(([name, result]) => [
    name,
    number(result.streams),
    number(result.events),
    number(result.incomplete),
    number(result.firstTokenP50Ms, 3),
    number(result.firstTokenP99Ms, 3),
  ])
  const ratios = (other: string): string => {
    const rates = at(other, 64).map(({ requestsPerSecond }) => requestsPerSecond)
    const each = at('tollgate', 64).map((own, round) => own.requestsPerSecond / (rates[round] ?? 1))
    const [least, most] = [Math.min(...each), Math.max(...each)]
    return `${number(middle(each), 2)} times as many requests as ${other} (${number(least, 2)} to ${number(most, 2)})`
  }
  return `# What the gateway costs

Measured by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores.
The process under test is pinned to one core; load, upstream and console share the other.

## Closed loop

Medians of ${rounds} rounds of ${seconds} s in turn. The processor time is that of the process under test, all its threads, per
request; of \`direct\` that of the upstream.

${table(['system, connections', 'requests/s', 'p50 ms', 'p99 ms', 'processor µs', 'errors'], closedRows)}

At 64 connections Tollgate serves, in the median of the rounds and at least and most, ${ratios('bare proxy')} and
${ratios('portkey')}.

## Open loop, 1,000 requests a second

Medians of ${rounds} rounds of ${seconds} s in turn; what is added is the median of what each round added.

${table(['system', 'p50 ms', 'p99 ms', 'added p50 ms', 'added p99 ms', 'errors'], openRows)}

## Streams

50 events of 20 ms each. The time to the first token includes the connection, where there is none yet.

${table(['system', 'streams', 'events', 'incomplete', 'first token p50 ms', 'p99 ms'], streamRows)}

## Start and memory

Ready ${number(tollgate.readyMs)} ms after the gateway's start; ${number(memoryMb)} MB resident after all of the above.

## Reports

A report shows a call ${number(reportMs.p50Ms)} ms after it ended (median of ${reportMs.calls}), ${number(reportMs.maxMs)} ms at most.`
}

function middle(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

import { closedLoop } from './closed-loop.ts'
import { cpuSeconds } from './processes.ts'
import type { StartedTollgate } from './systems.ts'
import { number, table } from './table.ts'
import type { Target } from './targets.ts'

/** A running gateway, and how it is asked. */
export interface Side {
  readonly target: Target
  readonly gateway: StartedTollgate
}

export interface Comparison {
  /** A table of both, in Markdown. */
  readonly table: string
  /** What the second serves of what the first does, in percent: the median of the rounds, with the least and the most. */
  readonly percent: string
  readonly errors: number
}

export interface Lengths {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

const connections = 64

/** Two gateways in turn, at 64 connections: what else the machine does falls on both alike. */
export async function sideBySide(
  sides: readonly [Side, Side],
  { rounds, seconds, warmUpSeconds }: Lengths,
): Promise<Comparison> {
  for (const { target } of sides) await closedLoop(target, connections, warmUpSeconds)
  const rates = sides.map((): number[] => [])
  /** Seconds of processor time of a gateway for a request: what others do on the machine is not in it. */
  const costs = sides.map((): number[] => [])
  let errors = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const side = sides[at === 0 ? 0 : 1]
      const before = cpuSeconds(side.gateway.pid)
      const result = await closedLoop(side.target, connections, seconds)
      costs[at]?.push((cpuSeconds(side.gateway.pid) - before) / (result.requestsPerSecond * seconds))
      rates[at]?.push(result.requestsPerSecond)
      errors += result.errors
    }
  }
  const rows = sides.map(({ target }, at) => {
    const served = rates[at] ?? []
    const micros = number(median(costs[at] ?? []) * 1e6)
    return [target.name, number(median(served)), number(Math.min(...served)), number(Math.max(...served)), micros]
  })
  const ratios = (rates[1] ?? []).map((rate, round) => (100 * rate) / (rates[0]?.[round] ?? 1))
  return {
    table: table(['system', 'requests/s, median', 'least', 'most', 'µs of processor a request, median'], rows),
    percent: `${number(median(ratios), 1)} % (median of the rounds' ratios, ${number(Math.min(...ratios), 1)} to ${number(Math.max(...ratios), 1)} %)`,
    errors,
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

import { benchKey, targets } from './targets.ts'

export interface ReportLatency {
  readonly calls: number
  readonly p50Ms: number
  readonly maxMs: number
}

/** From the end of a call to the first report that shows it, asked for over and over, as a dashboard would. */
export async function reportLatency(calls: number): Promise<ReportLatency> {
  const { url, headers, body } = targets.tollgate
  const reports = new URL('/v1/dashboard/costs', url)
  const tokens = async (): Promise<number> => {
    const answer = await fetch(reports, { headers: { authorization: `Bearer ${benchKey}` } })
    const { daily } = (await answer.json()) as { daily: { tokens: number }[] }
    return daily.reduce((sum, day) => sum + day.tokens, 0)
  }
  await settled(tokens)
  const latenciesMs: number[] = []
  for (let call = 0; call < calls; call += 1) {
    const before = await tokens()
    await (await fetch(url, { method: 'POST', headers, body })).arrayBuffer()
    const endedAtMs = performance.now()
    while ((await tokens()) === before) await new Promise((resolve) => setTimeout(resolve, 10))
    latenciesMs.push(performance.now() - endedAtMs)
  }
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  return { calls, p50Ms: sorted[Math.floor(calls / 2)] ?? 0, maxMs: sorted.at(-1) ?? 0 }
}

/** The load before this has to be ingested first. */
async function settled(tokens: () => Promise<number>): Promise<void> {
  let last = -1
  for (let now = await tokens(); now !== last; now = await tokens()) {
    last = now
    await new Promise((resolve) => setTimeout(resolve, 3_000))
  }
}

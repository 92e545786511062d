import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { FakeClient } from './fake-client.ts'
import type { CallPlan } from './plan.ts'
import type { RunResult } from './run.ts'

/** What is wrong with a run; empty where every law holds. */
export function brokenLaws(result: RunResult): string[] {
  const wrong = [...result.broken]
  const opens = byRequest(result.entries, 'open')
  const settles = byRequest(result.entries, 'settle') as Map<string, SettleEntry[]>
  for (const [id, entries] of opens) {
    if (entries.length !== 1) wrong.push(`${id}: opened ${entries.length} times`)
    if (settles.get(id)?.length !== 1) wrong.push(`${id}: opened, and settled ${settles.get(id)?.length ?? 0} times`)
  }
  for (const [id, entries] of settles) {
    if (entries.length !== 1) wrong.push(`${id}: settled ${entries.length} times`)
    if (!opens.has(id) && entries[0]?.outcome !== 'refused') wrong.push(`${id}: settled without being opened`)
  }
  for (const [id, [settle]] of settles) if (settle !== undefined) wrong.push(...wrongTimes(id, settle))
  for (const [index, { attempts, whole }] of result.upstream.served) {
    const plan = result.plan.calls[index]
    const settle = settles.get(`r${index}`)?.[0]
    if (plan === undefined || settle === undefined) {
      if (attempts > 0) wrong.push(`r${index}: went upstream and is not in the ledger`)
      continue
    }
    wrong.push(...wrongBooking(plan, settle, { attempts, whole, died: result.died }))
  }
  for (const client of result.clients) wrong.push(...wrongTale(client, settles.get(client.requestId)?.[0]))
  return wrong
}

/** Longer than any call of a run, retries and drain included. */
const longestCallMs = 120_000

/** Whatever the clock on the wall was set to, durations are those that have passed. */
function wrongTimes(id: string, settle: SettleEntry): string[] {
  const { call, endedAtMs, latencyMs, timeToFirstTokenMs, overheadMs, attempts, outcome } = settle
  const tookMs = endedAtMs - call.startedAtMs
  // Of a call that was open when the process died nobody knows how long it took.
  if (outcome === 'interrupted' && attempts.length === 0)
    return latencyMs >= 0 && tookMs >= 0 ? [] : [`${id}: ${latencyMs} ms long`]
  const ends =
    Math.abs(tookMs - latencyMs) < 1 ? [] : [`${id}: took ${latencyMs} ms and ended ${tookMs} ms after it began`]
  const spans = { latencyMs, timeToFirstTokenMs: timeToFirstTokenMs ?? 0, overheadMs }
  const wrong = Object.entries(spans).filter(([, ms]) => !(ms >= 0 && ms <= Math.min(latencyMs, longestCallMs)))
  const outside = attempts.filter(
    ({ startedAfterMs, durationMs }) =>
      startedAfterMs < 0 || durationMs < 0 || startedAfterMs + durationMs > latencyMs + 0.01,
  )
  return [
    ...ends,
    ...wrong.map(([name, ms]) => `${id}: ${name} is ${ms} of ${latencyMs}`),
    ...outside.map((attempt) => `${id}: the attempt ${JSON.stringify(attempt)} is outside its call`),
  ]
}

interface Seen {
  readonly attempts: number
  readonly whole: boolean
  readonly died: boolean
}

/** USD per million tokens is 1e-12 USD times a million per token: gpt-4.1-mini 0.40/1.60, claude-haiku-4-5 1/5. */
const ratesPicoUsd = { openai: [400_000n, 1_600_000n], anthropic: [1_000_000n, 5_000_000n] } as const

function wrongBooking(plan: CallPlan, settle: SettleEntry, seen: Seen): string[] {
  const id = settle.call.requestId
  const recovered = seen.died && settle.outcome === 'interrupted' && settle.attempts.length === 0
  if (recovered) return settle.usageSource === 'estimated' ? [] : [`${id}: the guess is not marked`]
  const wrong: string[] = []
  if (settle.attempts.length !== seen.attempts) {
    wrong.push(`${id}: ${seen.attempts} attempts were made, ${settle.attempts.length} are on the record`)
  }
  if (!seen.whole || plan.usage === null) {
    if (settle.usageSource === 'provider' && plan.usage === null) wrong.push(`${id}: usage that nobody reported`)
    return wrong
  }
  const { input, output } = plan.usage
  const { tokens, cost, usageSource } = settle
  if (usageSource !== 'provider') wrong.push(`${id}: reported usage is booked as ${usageSource}`)
  if (tokens.input !== input || tokens.output !== output) {
    wrong.push(`${id}: ${tokens.input}+${tokens.output} tokens booked, ${input}+${output} reported`)
  }
  const [inputRate, outputRate] = ratesPicoUsd[plan.dialect]
  const wantedPicoUsd = BigInt(input) * inputRate + BigInt(output) * outputRate
  if (cost.totalPicoUsd !== wantedPicoUsd) wrong.push(`${id}: cost ${cost.totalPicoUsd}, not ${wantedPicoUsd}`)
  return wrong
}

function wrongTale(client: FakeClient, settle: SettleEntry | undefined): string[] {
  if (!client.whole) return []
  if (settle?.outcome === 'served') return []
  // The deadline of a stop may fall between the last byte from upstream and the record.
  if (settle?.outcome === 'interrupted' && settle.attempts.length > 0) return []
  return [`${client.requestId}: has a whole answer, and the ledger says ${settle?.outcome ?? 'nothing'}`]
}

function byRequest(entries: readonly LedgerEntry[], kind: LedgerEntry['kind']): Map<string, LedgerEntry[]> {
  const found = new Map<string, LedgerEntry[]>()
  for (const entry of entries) {
    if (entry.kind !== kind) continue
    const { requestId } = entry.call
    found.set(requestId, [...(found.get(requestId) ?? []), entry])
  }
  return found
}

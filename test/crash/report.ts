import assert from 'node:assert/strict'
import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import type { CostsReport } from '#reports/costs.ts'
import type { BillEntry } from '#simulator/bill.ts'
import type { TollgateProcess } from './tollgate-process.ts'

/** Each of them waits for some seconds. */
const mostAsked = 8

interface Sum {
  requests: number
  picoUsd: bigint
}

/**
 * Compares what `tollgate report` says, of the running console, with the ledger and with the provider's bill. Returns
 * the cost of all calls.
 *
 * @throws AssertionError where they differ by one call or by one digit.
 */
export async function checkReport(
  tollgate: TollgateProcess,
  entries: readonly LedgerEntry[],
  bill: readonly BillEntry[],
): Promise<bigint> {
  const report = await reportOfAll(tollgate)
  const settles = entries.filter((entry) => entry.kind === 'settle')
  const inLedger = new Map<string, Sum>()
  for (const { outcome, usageSource, cost } of settles) add(inLedger, `${outcome} ${usageSource}`, cost.totalPicoUsd)
  const inReport = report.rows.map((row): [string, Sum] => [
    `${row['outcome']} ${row['usage_source']}`,
    { requests: row.requests, picoUsd: parseUsd(row.cost_usd) },
  ])
  assert.deepEqual(new Map(inReport), inLedger)

  const picoUsd = settles.reduce((sum, { cost }) => sum + cost.totalPicoUsd, 0n)
  assert.deepEqual([report.total.requests, parseUsd(report.total.cost_usd)], [settles.length, picoUsd])
  // What was interrupted is an estimate, and marked as one; everything else is what the provider wants for it.
  assert.equal(picoUsd - interruptedPicoUsd(settles), billedPicoUsd(settles, bill))
  return picoUsd
}

/** Asks again while the newest calls may be missing: a console that was killed often has much to catch up with. */
async function reportOfAll(tollgate: TollgateProcess): Promise<CostsReport> {
  const args = ['report', '--by', 'outcome,usage_source', '--range', '1d', '--json']
  for (let left = mostAsked; ; left--) {
    const { code, text, stderr } = await tollgate.command(...args)
    assert.equal(code, 0, stderr)
    if (stderr === '') return JSON.parse(text)
    assert.ok(left > 0, `${stderr}${tollgate.stderr.slice(-4_000)}`)
  }
}

function add(sums: Map<string, Sum>, group: string, picoUsd: bigint): void {
  const sum = sums.get(group) ?? { requests: 0, picoUsd: 0n }
  sum.requests++
  sum.picoUsd += picoUsd
  sums.set(group, sum)
}

function interruptedPicoUsd(settles: readonly SettleEntry[]): bigint {
  const interrupted = settles.filter(({ outcome }) => outcome === 'interrupted')
  return interrupted.reduce((sum, { cost }) => sum + cost.totalPicoUsd, 0n)
}

/** For all calls that were not interrupted. */
function billedPicoUsd(settles: readonly SettleEntry[], bill: readonly BillEntry[]): bigint {
  const interrupted = settles.filter(({ outcome }) => outcome === 'interrupted')
  const left = new Set(interrupted.map(({ call }) => call.requestId))
  const lines = bill.filter(({ requestHint }) => !left.has(requestHint ?? ''))
  return lines.reduce((sum, { costPicoUsd }) => sum + (costPicoUsd ?? 0n), 0n)
}

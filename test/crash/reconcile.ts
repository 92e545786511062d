import assert from 'node:assert/strict'
import type { LedgerEntry, SettleEntry } from '#core/ledger/entry.ts'
import type { BillEntry } from '#simulator/bill.ts'
import { checkAmounts } from '#test/support/booked.ts'
import type { CallResult } from './calls.ts'

export interface Reconciled {
  readonly calls: number
  readonly whole: number
  /** Settled to the last digit although the client was not told of its end. */
  readonly exactUntold: number
  readonly interrupted: number
  /** Opened, and ended before anything went upstream. */
  readonly neverBilled: number
}

/**
 * Compares what clients saw, what the ledger says and what the provider bills, call by call.
 *
 * @throws AssertionError naming the call that does not fit.
 */
export function reconcile(
  results: readonly CallResult[],
  entries: readonly LedgerEntry[],
  bill: readonly BillEntry[],
): Reconciled {
  const settles = oneSettleForEveryOpen(entries)
  const byRequest = new Map<string, SettleEntry>()
  for (const settle of settles.values()) {
    const { requestId } = settle.call
    assert.ok(!byRequest.has(requestId), `${requestId} is in the ledger as two calls`)
    byRequest.set(requestId, settle)
  }
  const billed = new Map<string, BillEntry>()
  for (const line of bill) {
    assert.ok(line.requestHint !== null && !billed.has(line.requestHint), `${line.requestHint} was billed twice`)
    billed.set(line.requestHint, line)
  }
  const whole = new Set(results.filter(({ fate }) => fate === 'whole').map(({ id }) => id))
  for (const id of whole) exact(id, byRequest.get(id), billed.get(id))
  let exactUntold = 0
  for (const [id, line] of billed) {
    if (whole.has(id)) continue
    if (bookedAsInterrupted(id, byRequest.get(id))) continue
    exact(id, byRequest.get(id), line)
    exactUntold++
  }
  let neverBilled = 0
  for (const [id, settle] of byRequest) {
    if (billed.has(id)) continue
    assert.notEqual(settle.outcome, 'served', `${id} is in the ledger as served, and nobody billed it`)
    neverBilled++
  }
  const interrupted = [...settles.values()].filter(({ outcome }) => outcome === 'interrupted').length
  return { calls: results.length, whole: whole.size, exactUntold, interrupted, neverBilled }
}

function oneSettleForEveryOpen(entries: readonly LedgerEntry[]): Map<string, SettleEntry> {
  const opens = new Set<string>()
  const settles = new Map<string, SettleEntry>()
  for (const entry of entries) {
    const { callId } = entry.call
    if (entry.kind === 'open') {
      assert.ok(!opens.has(callId), `${callId} was opened twice`)
      opens.add(callId)
    } else {
      assert.ok(!settles.has(callId), `${callId} was settled twice`)
      assert.ok(opens.has(callId) || entry.outcome === 'refused', `${callId} was settled without being opened`)
      settles.set(callId, entry)
    }
  }
  for (const callId of opens) assert.ok(settles.has(callId), `${callId} was never settled`)
  return settles
}

function exact(id: string, settle: SettleEntry | undefined, line: BillEntry | undefined): void {
  assert.ok(settle !== undefined, `${id} is not in the ledger`)
  assert.ok(line !== undefined, `${id} is not on the bill`)
  assert.equal(line.delivered, 'whole', `${id}: the provider did not send it whole`)
  assert.equal(settle.usageSource, 'provider', `${id}: its usage is not the provider's`)
  try {
    checkAmounts(settle, [line], line)
  } catch (cause) {
    throw new Error(`${id} is not booked as it was billed`, { cause })
  }
}

/** With what was guessed marked as such. */
function bookedAsInterrupted(id: string, settle: SettleEntry | undefined): boolean {
  assert.ok(settle !== undefined, `${id} was billed and is not in the ledger`)
  if (settle.outcome !== 'interrupted') return false
  assert.equal(settle.usageSource, 'estimated', `${id}: the guess is not marked`)
  assert.ok(settle.tokens.input > 0 && settle.cost.totalPicoUsd > 0n, `${id}: nothing was guessed`)
  return true
}

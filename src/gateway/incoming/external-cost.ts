import { hash } from 'node:crypto'
import type { Payer } from '#core/attribution/payer.ts'
import type { PicoUsd } from '#core/money/pico-usd.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'

/** A cost that was metered elsewhere, read and checked, ready to be booked. */
export interface ExternalCost {
  readonly callId: string
  /** The source of the event, or the vendor of the bill: the upstream of its record. */
  readonly source: string
  readonly eventId: string
  readonly startedAtMs: number
  readonly payer: Payer
  /** Of the key that booked it; empty where a signature let it in. */
  readonly keyId: string
  readonly vendor: string
  readonly model: string
  /** Null where nothing was counted. */
  readonly usage: ReportedUsage | null
  /** Null where the source states none: then it is computed. */
  readonly statedPicoUsd: PicoUsd | null
  readonly promptHash: string
  /** Where the amount stands in what was sent, to name it where it is missing. */
  readonly amountPath: string
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const digits = 23

/**
 * The call id of an event: always the same for the same source and id, so that a replay shows in the ledger. `kind`
 * keeps the ids of signed sources apart from those that whoever has a key may send. As long as other call ids.
 */
export function externalCallId(kind: 'webhook' | 'bill', source: string, eventId: string): string {
  const digest = hash('sha256', JSON.stringify([kind, source, eventId]), 'buffer')
  let id = 'EXT'
  for (let i = 0; i < digits; i++) id += alphabet.charAt(digest.readUInt8(i) & 31)
  return id
}

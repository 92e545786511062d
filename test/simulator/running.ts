import { composeSimulator, type RunningSimulator, type SimulatorOptions } from '#compose/simulator/simulator.ts'

/** A simulated provider on a free port that does not dawdle. */
export function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  return composeSimulator({ listen: { host: '127.0.0.1', port: 0 }, timing: { speed: 0 }, ...options })
}

export interface BilledEntry {
  readonly seq: number
  readonly id: string
  readonly requestHint: string | null
  readonly api: string
  readonly model: string
  readonly status: number
  readonly stream: boolean
  readonly delivered: string
  readonly counts: Readonly<Record<string, number>>
  readonly costUsd: string | null
}

export interface BillView {
  readonly total: { readonly entries: number; readonly costUsd: string }
  readonly entries: readonly BilledEntry[]
}

export async function readBill(address: string): Promise<BillView> {
  const response = await fetch(`${address}/_simulator/bill`)
  return (await response.json()) as BillView
}

/** The last entry of the bill. */
export async function lastBilled(address: string): Promise<BilledEntry> {
  const entry = (await readBill(address)).entries.at(-1)
  if (!entry) throw new Error('the bill is empty')
  return entry
}

export const weatherParameters = {
  type: 'object' as const,
  properties: { location: { type: 'string' as const }, unit: { type: 'string' as const, enum: ['c', 'f'] } },
  required: ['location', 'unit'],
  additionalProperties: false,
}

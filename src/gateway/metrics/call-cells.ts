import type { EndpointName } from '#core/ledger/entry.ts'
import { callDefinitions as calls, payerDefinitions } from './definitions.ts'
import { HistogramCell } from './histogram-cell.ts'

/** All that is counted of a provider's model: what has the labels provider and model, and more. */
export class ModelCell {
  readonly labels: readonly [provider: string, model: string]
  readonly endpoints = new Map<EndpointName, EndpointCell>()
  readonly errors = new Map<string, number>()
  readonly batchSize = new HistogramCell(calls.batchSize)
  /** Made by the first stream. */
  firstToken: HistogramCell | null = null
  outputRate: HistogramCell | null = null
  inputTokens = 0
  outputTokens = 0
  cachedInputTokens = 0
  cacheWriteTokens = 0
  reasoningTokens = 0
  unpricedCalls = 0
  estimatedCalls = 0
  inputPicoUsd = 0n
  cachedInputPicoUsd = 0n
  cacheWritePicoUsd = 0n
  outputPicoUsd = 0n
  otherPicoUsd = 0n

  constructor(provider: string, model: string) {
    this.labels = [provider, model]
  }
}

export class EndpointCell {
  readonly duration = new HistogramCell(calls.duration)
  /** By status code. */
  readonly requests = new Map<number, number>()
}

const { latency } = payerDefinitions('')

/** What one payer's calls of one model used and cost. */
export class PayerCell {
  readonly labels: readonly [department: string, project: string, model: string]
  readonly latency = new HistogramCell(latency)
  inputTokens = 0
  outputTokens = 0
  picoUsd = 0n

  constructor(department: string, project: string, model: string) {
    this.labels = [department, project, model]
  }
}

export class UpstreamCell {
  attempts = 0
  retries = 0
  readonly errors = new Map<string, number>()
}

export function add<Key>(counts: Map<Key, number>, key: Key, more = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + more)
}

/** The value of a key, made where there is none. */
export function cellOf<Key, Cell>(cells: Map<Key, Cell>, key: Key, make: () => Cell): Cell {
  const known = cells.get(key)
  if (known !== undefined) return known
  const made = make()
  cells.set(key, made)
  return made
}

import { externalMark, isTimed, type LedgerEntry, type SettleEntry } from '#core/ledger/entry.ts'
import { add, cellOf, EndpointCell, ModelCell, PayerCell, UpstreamCell } from './call-cells.ts'
import { callDefinitions as calls } from './definitions.ts'
import { errorTypeOf } from './error-type.ts'
import { HistogramCell } from './histogram-cell.ts'
import { type LabelCaps, noValue, otherValue } from './label-caps.ts'

/** Combinations of labels that are kept apart, of models and of payers: each has about twenty series. */
const mostCombinations = 5_000
/** Of the texts of all of them together, in UTF-16 code units: they stand in every series once more. */
const mostLabelChars = 1_000_000

/** The overflow that is no single label's. */
const combinations = 'combination'

interface CallMetricsParts {
  readonly caps: LabelCaps
  /** How many inputs a call asked for at once. */
  readonly inputsOf: (call: SettleEntry['call']) => number
}

/**
 * The ledger's calls of this process, added up. It is told of every entry when the journal has it, so that its sums
 * are the ledger's by construction; a call costs some lookups and additions, and all texts are made at a scrape.
 */
export class CallMetrics {
  readonly #caps: LabelCaps
  readonly #inputsOf: CallMetricsParts['inputsOf']
  readonly #byProvider = new Map<string, Map<string, ModelCell>>()
  readonly #byDepartment = new Map<string, Map<string, Map<string, PayerCell>>>()
  readonly models: ModelCell[] = []
  readonly payers: PayerCell[] = []
  #modelChars = 0
  #payerChars = 0
  readonly upstreams = new Map<string, UpstreamCell>()
  readonly overheads = new Map<string, HistogramCell>()
  readonly outcomes = new Map<string, number>()
  readonly refusals = new Map<string, number>()
  readonly budgetRefusals = new Map<string, number>()
  clientsLeft = 0
  externalEvents = 0
  opens = 0
  settles = 0

  constructor({ caps, inputsOf }: CallMetricsParts) {
    this.#caps = caps
    this.#inputsOf = inputsOf
  }

  /** To be told of every block of the journal that is written. */
  written(entries: readonly LedgerEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'open') this.opens++
      else this.#settled(entry)
    }
  }

  #settled(entry: SettleEntry): void {
    this.settles++
    const { call, outcome } = entry
    const model = this.#caps.shown('model', call.modelRouted, call.keyId)
    const timed = isTimed(entry)
    add(this.outcomes, outcome)
    this.#countModel(entry, this.#modelCell(call, model), timed)
    this.#countPayer(entry, this.#payerCell(call, model), timed)
    if (entry.attempts.length > 0) this.#countAttempts(entry)
    if (entry.marks.length > 0) this.#countMarks(entry)
    if (outcome === 'refused') add(this.refusals, entry.errorCode)
  }

  #modelCell({ vendor, keyId }: SettleEntry['call'], model: string): ModelCell {
    const provider = this.#caps.shown('provider', vendor, keyId)
    const known = this.#byProvider.get(provider)?.get(model)
    if (known !== undefined) return known
    const full = this.models.length >= mostCombinations || this.#modelChars >= mostLabelChars
    if (full) this.#caps.overflowed(combinations)
    const labels = full ? ([otherValue, otherValue] as const) : ([provider, model] as const)
    return cellOf(cellOf(this.#byProvider, labels[0], emptyMap<ModelCell>), labels[1], () => {
      const cell = new ModelCell(...labels)
      this.models.push(cell)
      this.#modelChars += charsOf(labels)
      return cell
    })
  }

  #payerCell({ payer, keyId }: SettleEntry['call'], model: string): PayerCell {
    const department = this.#caps.shown('department', payer.department, keyId)
    const project = this.#caps.shown('project', payer.project, keyId)
    const known = this.#byDepartment.get(department)?.get(project)?.get(model)
    if (known !== undefined) return known
    const full = this.payers.length >= mostCombinations || this.#payerChars >= mostLabelChars
    if (full) this.#caps.overflowed(combinations)
    const labels = full ? ([otherValue, otherValue, otherValue] as const) : ([department, project, model] as const)
    const byProject = cellOf(this.#byDepartment, labels[0], emptyMap<Map<string, PayerCell>>)
    return cellOf(cellOf(byProject, labels[1], emptyMap<PayerCell>), labels[2], () => {
      const cell = new PayerCell(...labels)
      this.payers.push(cell)
      this.#payerChars += charsOf(labels)
      return cell
    })
  }

  #countModel(entry: SettleEntry, cell: ModelCell, timed: boolean): void {
    const { call, tokens, cost } = entry
    const endpoint = cellOf(cell.endpoints, call.endpoint, () => new EndpointCell())
    add(endpoint.requests, entry.statusCode)
    cell.inputTokens += tokens.input
    cell.outputTokens += tokens.output
    cell.cachedInputTokens += tokens.cachedInput
    cell.cacheWriteTokens += tokens.cacheWrite5m + tokens.cacheWrite1h
    cell.reasoningTokens += tokens.reasoning
    if (cost.totalPicoUsd !== 0n) {
      cell.inputPicoUsd += cost.inputPicoUsd
      cell.cachedInputPicoUsd += cost.cachedInputPicoUsd
      cell.cacheWritePicoUsd += cost.cacheWritePicoUsd
      cell.outputPicoUsd += cost.outputPicoUsd
      cell.otherPicoUsd += cost.otherPicoUsd
    }
    if (cost.unpriced) cell.unpricedCalls++
    if (entry.usageSource === 'estimated') cell.estimatedCalls++
    const errorType = errorTypeOf(entry)
    if (errorType !== null) add(cell.errors, errorType)
    if (!timed) return
    endpoint.duration.observeCall(entry.latencyMs, call.requestId, entry.endedAtMs)
    cell.batchSize.observe(this.#inputsOf(call))
    if (call.stream && entry.timeToFirstTokenMs !== null) countStream(entry, cell, entry.timeToFirstTokenMs)
  }

  #countPayer({ call, tokens, cost, latencyMs, endedAtMs }: SettleEntry, cell: PayerCell, timed: boolean): void {
    cell.inputTokens += tokens.input
    cell.outputTokens += tokens.output
    if (cost.totalPicoUsd !== 0n) cell.picoUsd += cost.totalPicoUsd
    if (timed) cell.latency.observeCall(latencyMs / 1000, call.requestId, endedAtMs)
  }

  #countAttempts({ call, attempts, overheadMs, endedAtMs }: SettleEntry): void {
    const cell = cellOf(this.upstreams, call.upstream || noValue, () => new UpstreamCell())
    cell.attempts += attempts.length
    cell.retries += attempts.length - 1
    // A try that the gateway itself broke off, since its caller had left, is no fault of the provider.
    for (const { errorCode } of attempts) if (errorCode !== '' && errorCode !== 'aborted') add(cell.errors, errorCode)
    const overhead = cellOf(this.overheads, call.endpoint, () => new HistogramCell(calls.overhead))
    overhead.observeCall(overheadMs / 1000, call.requestId, endedAtMs)
  }

  #countMarks({ marks, outcome }: SettleEntry): void {
    for (const mark of marks) {
      if (mark === externalMark) this.externalEvents++
      else if (mark === 'client_left') this.clientsLeft++
      else if (outcome === 'refused') {
        const budget = refusingBudget.exec(mark)?.[1]
        if (budget !== undefined) add(this.budgetRefusals, budget)
      }
    }
  }
}

/** `budget_exceeded:NAME:month`, `limited:NAME:requests:minute`: names of budgets have no colon. */
const refusingBudget = /^(?:budget_exceeded|limited):([^:]+):/

function countStream(entry: SettleEntry, cell: ModelCell, firstTokenMs: number): void {
  const { call, tokens, latencyMs, endedAtMs, outcome } = entry
  cell.firstToken ??= new HistogramCell(calls.firstToken)
  cell.firstToken.observeCall(firstTokenMs / 1000, call.requestId, endedAtMs)
  const streamedMs = latencyMs - firstTokenMs
  if (outcome !== 'served' || tokens.output === 0 || streamedMs <= 0) return
  cell.outputRate ??= new HistogramCell(calls.outputRate)
  cell.outputRate.observeCall(tokens.output / (streamedMs / 1000), call.requestId, endedAtMs)
}

function emptyMap<Cell>(): Map<string, Cell> {
  return new Map()
}

function charsOf(labels: readonly string[]): number {
  return labels.reduce((chars, label) => chars + label.length, 0)
}

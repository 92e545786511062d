import { outcomes } from '#core/ledger/entry.ts'
import { centsOfPico, usdOfPico } from './amounts.ts'
import type { ModelCell, PayerCell } from './call-cells.ts'
import type { CallMetrics } from './call-metrics.ts'
import { callDefinitions as calls, payerDefinitions } from './definitions.ts'
import { countsOf, type Definition, type Family, familyOf, type Sample, sampleOf, singleOf } from './family.ts'
import type { HistogramCell } from './histogram-cell.ts'

/** The ledger's sums as a scrape shows them, those of payers once under each prefix. */
export function callFamilies(metrics: CallMetrics, prefixes: readonly string[]): Family[] {
  return [
    ...modelFamilies(metrics.models),
    ...wholeFamilies(metrics),
    ...upstreamFamilies(metrics),
    ...prefixes.flatMap((prefix) => payerFamilies(metrics.payers, prefix)),
  ]
}

function modelFamilies(models: readonly ModelCell[]): Family[] {
  const sum = (definition: Definition, value: (cell: ModelCell) => number): Family =>
    familyOf(
      definition,
      models.map((cell) => sampleOf(definition, cell.labels, value(cell))),
    )
  const histogram = (definition: Definition, value: (cell: ModelCell) => HistogramCell | null): Family =>
    familyOf(
      definition,
      models.flatMap((cell) => value(cell)?.samples(definition, cell.labels) ?? []),
    )
  return [
    familyOf(calls.requests, models.flatMap(requestSamples)),
    familyOf(
      calls.duration,
      models.flatMap(({ labels, endpoints }) =>
        [...endpoints].flatMap(([endpoint, cell]) => cell.duration.samples(calls.duration, [...labels, endpoint])),
      ),
    ),
    sum(calls.inputTokens, (cell) => cell.inputTokens),
    sum(calls.outputTokens, (cell) => cell.outputTokens),
    familyOf(calls.costCents, models.flatMap(costSamples)),
    familyOf(
      calls.errors,
      models.flatMap(({ labels, errors }) =>
        [...errors].map(([type, count]) => sampleOf(calls.errors, [...labels, type], count)),
      ),
    ),
    histogram(calls.batchSize, (cell) => cell.batchSize),
    histogram(calls.firstToken, (cell) => cell.firstToken),
    histogram(calls.outputRate, (cell) => cell.outputRate),
    sum(calls.unpriced, (cell) => cell.unpricedCalls),
    sum(calls.estimated, (cell) => cell.estimatedCalls),
    sum(calls.cachedInput, (cell) => cell.cachedInputTokens),
    sum(calls.cacheWrite, (cell) => cell.cacheWriteTokens),
    sum(calls.reasoning, (cell) => cell.reasoningTokens),
  ]
}

function requestSamples({ labels, endpoints }: ModelCell): Sample[] {
  return [...endpoints].flatMap(([endpoint, { requests }]) =>
    [...requests].map(([status, count]) => sampleOf(calls.requests, [...labels, endpoint, status], count)),
  )
}

/** Every part, also where it is zero: a rate needs both of its ends. */
function costSamples(cell: ModelCell): Sample[] {
  const parts = [
    ['input', cell.inputPicoUsd],
    ['cached_input', cell.cachedInputPicoUsd],
    ['cache_write', cell.cacheWritePicoUsd],
    ['output', cell.outputPicoUsd],
    ['other', cell.otherPicoUsd],
  ] as const
  return parts.map(([part, amount]) => sampleOf(calls.costCents, [...cell.labels, part], centsOfPico(amount)))
}

function wholeFamilies(metrics: CallMetrics): Family[] {
  const { refusals, budgetRefusals, overheads } = metrics
  return [
    // All outcomes, from the start: what has not happened yet is zero, not unknown.
    familyOf(
      calls.outcomes,
      outcomes.map((outcome) => sampleOf(calls.outcomes, [outcome], metrics.outcomes.get(outcome) ?? 0)),
    ),
    familyOf(
      calls.overhead,
      [...overheads].flatMap(([endpoint, cell]) => cell.samples(calls.overhead, [endpoint])),
    ),
    countsOf(calls.refusals, refusals),
    countsOf(calls.budgetRefusals, budgetRefusals),
    singleOf(calls.clientsLeft, metrics.clientsLeft),
    singleOf(calls.externalEvents, metrics.externalEvents),
  ]
}

function upstreamFamilies({ upstreams }: CallMetrics): Family[] {
  const all = [...upstreams]
  return [
    familyOf(
      calls.attempts,
      all.map(([name, cell]) => sampleOf(calls.attempts, [name], cell.attempts)),
    ),
    familyOf(
      calls.retries,
      all.map(([name, cell]) => sampleOf(calls.retries, [name], cell.retries)),
    ),
    familyOf(
      calls.upstreamErrors,
      all.flatMap(([name, { errors }]) =>
        [...errors].map(([kind, count]) => sampleOf(calls.upstreamErrors, [name, kind], count)),
      ),
    ),
  ]
}

function payerFamilies(payers: readonly PayerCell[], prefix: string): Family[] {
  const { tokens, cost, latency } = payerDefinitions(prefix)
  return [
    familyOf(
      tokens,
      payers.flatMap(({ labels, inputTokens, outputTokens }) => [
        sampleOf(tokens, [...labels, 'input'], inputTokens),
        sampleOf(tokens, [...labels, 'output'], outputTokens),
      ]),
    ),
    familyOf(
      cost,
      payers.map(({ labels, picoUsd }) => sampleOf(cost, labels, usdOfPico(picoUsd))),
    ),
    familyOf(
      latency,
      payers.flatMap((cell) => cell.latency.samples(latency, cell.labels)),
    ),
  ]
}

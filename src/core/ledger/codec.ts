import type { Payer } from '#core/attribution/payer.ts'
import type { Cost } from '#core/pricing/cost.ts'
import { usageSources } from '#core/usage/reported.ts'
import {
  type Attempt,
  type BatchOrder,
  type CallFacts,
  endpointNames,
  type HeldAmounts,
  type LedgerEntry,
  type OpenEntry,
  outcomes,
  type SettleEntry,
  type TokenTotals,
  type TraceLink,
} from './entry.ts'
import { EntryFault } from './fault.ts'
import { LineReader } from './line-reader.ts'
import { LineWriter } from './line-writer.ts'
import { readTraceLink } from './trace-link.ts'
import { writeAttempts, writeEntry } from './write-entry.ts'

/** One line of JSON without its line end; see `writeEntry`. */
export function encodeEntry(entry: LedgerEntry): string {
  const writer = new LineWriter({ headroomBytes: 0, bytes: 1024 })
  writeEntry(writer, entry)
  return writer.memory.toString('utf8', 0, writer.end)
}

/** The attempts as they stand in a settle entry's line; '' for none. */
export function encodeAttempts(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return ''
  const writer = new LineWriter({ headroomBytes: 0, bytes: 256 })
  writeAttempts(writer, attempts)
  return writer.memory.toString('utf8', 0, writer.end)
}

/** @throws EntryFault */
export function decodeAttempts(text: string): Attempt[] {
  return text === '' ? [] : LineReader.parse(`{"attempts":${text}}`).objects('attempts').map(decodeAttempt)
}

/**
 * The entry of one line that `encodeEntry` made. Pure. Fields that it does not know are ignored, so that an older
 * reader can follow a newer writer of the same format version.
 *
 * @throws EntryFault naming the field that is wrong.
 */
export function decodeEntry(line: string): LedgerEntry {
  const reader = LineReader.parse(line)
  const kind = reader.text('kind')
  if (kind === 'open') return decodeOpen(reader)
  if (kind === 'settle') return decodeSettle(reader)
  throw new EntryFault('entry_kind_unknown', 'kind', `unknown kind of entry: ${JSON.stringify(kind.slice(0, 40))}`)
}

function decodeOpen(reader: LineReader): OpenEntry {
  const responseId = reader.text('responseId')
  return {
    kind: 'open',
    call: decodeCall(reader),
    estimatedInputTokens: reader.count('estimatedInputTokens'),
    ...(responseId === '' ? {} : { responseId }),
    ...(reader.has('batch') ? { batch: decodeBatch(reader.object('batch')) } : {}),
    ...decodeTrace(reader),
    ...(reader.has('hold') ? { hold: decodeHold(reader.object('hold')) } : {}),
  }
}

function decodeBatch(reader: LineReader): BatchOrder {
  return { endpoint: reader.oneOf('endpoint', endpointSet), model: reader.text('model') }
}

function decodeHold(reader: LineReader): HeldAmounts {
  return { picoUsd: reader.amount('usd'), tokens: reader.count('tokens') }
}

function decodeSettle(reader: LineReader): SettleEntry {
  const call = decodeCall(reader)
  return {
    kind: 'settle',
    call,
    endedAtMs: reader.required('endedAtMs'),
    outcome: reader.oneOf('outcome', outcomeSet),
    modelServed: reader.text('modelServed', call.modelRouted),
    usageSource: reader.oneOf('usageSource', usageSourceSet),
    tokens: decodeTokens(reader.object('tokens')),
    units: reader.map('units', 'number'),
    cost: decodeCost(reader.object('cost')),
    marks: reader.texts('marks'),
    latencyMs: reader.number('latencyMs'),
    timeToFirstTokenMs: reader.numberOrNull('timeToFirstTokenMs'),
    overheadMs: reader.number('overheadMs'),
    statusCode: reader.number('statusCode'),
    errorCode: reader.text('errorCode'),
    errorMessage: reader.text('errorMessage'),
    attempts: reader.objects('attempts').map(decodeAttempt),
    cacheHit: reader.flag('cacheHit'),
    ...decodeTrace(reader),
  }
}

function decodeTrace(reader: LineReader): { trace?: TraceLink } {
  const text = reader.text('trace')
  if (text === '') return {}
  const trace = readTraceLink(text)
  if (trace === null) throw new EntryFault('entry_field_invalid', 'trace', 'trace is not the place of a span')
  return { trace }
}

function decodeCall(reader: LineReader): CallFacts {
  const callId = reader.requiredText('callId')
  const modelRequested = reader.text('modelRequested')
  return {
    callId,
    requestId: reader.text('requestId', callId),
    startedAtMs: reader.required('startedAtMs'),
    payer: decodePayer(reader.object('payer')),
    keyId: reader.text('keyId'),
    vendor: reader.text('vendor'),
    upstream: reader.text('upstream'),
    modelRequested,
    modelRouted: reader.text('modelRouted', modelRequested),
    endpoint: reader.oneOf('endpoint', endpointSet),
    stream: reader.flag('stream'),
    promptHash: reader.text('promptHash'),
  }
}

function decodePayer(reader: LineReader): Payer {
  return {
    department: reader.text('department'),
    project: reader.text('project'),
    costCenter: reader.text('costCenter'),
    userId: reader.text('userId'),
    sessionId: reader.text('sessionId'),
    featureFlag: reader.text('featureFlag'),
    requestPath: reader.text('requestPath'),
    tags: reader.map('tags', 'string'),
  }
}

function decodeTokens(reader: LineReader): TokenTotals {
  return {
    input: reader.count('input'),
    cachedInput: reader.count('cachedInput'),
    cacheWrite5m: reader.count('cacheWrite5m'),
    cacheWrite1h: reader.count('cacheWrite1h'),
    output: reader.count('output'),
    reasoning: reader.count('reasoning'),
    inputAudio: reader.count('inputAudio'),
    outputAudio: reader.count('outputAudio'),
    inputImage: reader.count('inputImage'),
    outputImage: reader.count('outputImage'),
  }
}

function decodeCost(reader: LineReader): Cost {
  const totalPicoUsd = reader.amount('total')
  const billing = reader.pair('billing')
  return {
    inputPicoUsd: reader.amount('input'),
    cachedInputPicoUsd: reader.amount('cachedInput'),
    cacheWritePicoUsd: reader.amount('cacheWrite'),
    outputPicoUsd: reader.amount('output'),
    otherPicoUsd: reader.amount('other'),
    totalPicoUsd,
    priceVersion: reader.text('priceVersion'),
    unpriced: reader.flag('unpriced'),
    billingCurrency: billing === null ? 'USD' : billing[0],
    billingPicoAmount: billing === null ? totalPicoUsd : reader.amountOf('billing', billing[1]),
    providerStatedPicoUsd: reader.amountOrNull('providerStated'),
  }
}

function decodeAttempt(reader: LineReader): Attempt {
  return {
    startedAfterMs: reader.number('startedAfterMs'),
    durationMs: reader.number('durationMs'),
    status: reader.number('status'),
    errorCode: reader.text('errorCode'),
  }
}

/** The call id of a line, without decoding the rest; null where the line is not one of ours. */
export function peekEntry(line: string): { kind: LedgerEntry['kind']; callId: string } | null {
  const match = head.exec(line)
  if (match === null) return null
  const [, kind, idText] = match
  if (idText === undefined) return null
  return {
    kind: kind === 'open' ? 'open' : 'settle',
    callId: idText.includes('\\') ? JSON.parse(`"${idText}"`) : idText,
  }
}

const head = /^\{"kind":"(open|settle)","callId":"((?:[^"\\]|\\.)*)"/

const outcomeSet = new Set(outcomes)
const endpointSet = new Set(endpointNames)
const usageSourceSet = new Set(usageSources)

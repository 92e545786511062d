import type { Payer } from '#core/attribution/payer.ts'
import { formatPico } from '#core/money/usd-text.ts'
import type { Cost } from '#core/pricing/cost.ts'
import type { UsageSource } from '#core/usage/reported.ts'
import {
  type Attempt,
  type CallFacts,
  endpointNames,
  type LedgerEntry,
  type OpenEntry,
  outcomes,
  type SettleEntry,
  type TokenTotals,
} from './entry.ts'
import { EntryFault } from './fault.ts'
import { LineReader } from './line-reader.ts'

/**
 * One line of JSON without its line end, from which `decodeEntry` makes an equal entry. Pure.
 *
 * It runs twice per call on the hot path, so the text is put together by hand. What has its usual value is left out:
 * empty texts, zeros, empty objects, and names that repeat the one before (routed = requested, served = routed). The
 * kind and the call id always come first. Amounts are exact decimal texts.
 *
 * @throws EntryFault `entry_field_invalid` where a number is not finite, which JSON cannot say.
 */
export function encodeEntry(entry: LedgerEntry): string {
  return entry.kind === 'open' ? encodeOpen(entry) : encodeSettle(entry)
}

function encodeOpen(entry: OpenEntry): string {
  return `{"kind":"open"${callText(entry.call)}${count('estimatedInputTokens', entry.estimatedInputTokens)}${text('responseId', entry.responseId ?? '')}}`
}

function encodeSettle(entry: SettleEntry): string {
  const { call, timeToFirstTokenMs } = entry
  const served = entry.modelServed === call.modelRouted ? '' : `,"modelServed":${quote(entry.modelServed)}`
  const firstToken =
    timeToFirstTokenMs === null ? '' : `,"timeToFirstTokenMs":${finite('timeToFirstTokenMs', timeToFirstTokenMs)}`
  const marks = entry.marks.length === 0 ? '' : `,"marks":${JSON.stringify(entry.marks)}`
  return (
    `{"kind":"settle"${callText(call)},"endedAtMs":${finite('endedAtMs', entry.endedAtMs)},"outcome":"${entry.outcome}"` +
    `${served},"usageSource":"${entry.usageSource}"${tokensText(entry.tokens)}${unitsText(entry.units)}` +
    `${costText(entry.cost)}${marks}${count('latencyMs', entry.latencyMs)}${firstToken}` +
    `${count('overheadMs', entry.overheadMs)}${count('statusCode', entry.statusCode)}` +
    `${text('errorCode', entry.errorCode)}${text('errorMessage', entry.errorMessage)}` +
    `${attemptsText(entry.attempts)}${entry.cacheHit ? ',"cacheHit":true' : ''}}`
  )
}

/** The same facts are written twice, in the open entry and in the settle entry. */
const callTexts = new WeakMap<CallFacts, string>()

function callText(call: CallFacts): string {
  const known = callTexts.get(call)
  if (known !== undefined) return known
  const made = makeCallText(call)
  callTexts.set(call, made)
  return made
}

function makeCallText(call: CallFacts): string {
  const request = call.requestId === call.callId ? '' : `,"requestId":${quote(call.requestId)}`
  const routed = call.modelRouted === call.modelRequested ? '' : `,"modelRouted":${quote(call.modelRouted)}`
  return (
    `,"callId":${quote(call.callId)}${request},"startedAtMs":${finite('startedAtMs', call.startedAtMs)}` +
    `${payerText(call.payer)}${text('keyId', call.keyId)}${text('vendor', call.vendor)}${text('upstream', call.upstream)}` +
    `${text('modelRequested', call.modelRequested)}${routed},"endpoint":"${call.endpoint}"` +
    `${call.stream ? ',"stream":true' : ''}${text('promptHash', call.promptHash)}`
  )
}

function payerText(payer: Payer): string {
  const inner =
    text('department', payer.department) +
    text('project', payer.project) +
    text('costCenter', payer.costCenter) +
    text('userId', payer.userId) +
    text('sessionId', payer.sessionId) +
    text('featureFlag', payer.featureFlag) +
    text('requestPath', payer.requestPath) +
    (Object.keys(payer.tags).length === 0 ? '' : `,"tags":${JSON.stringify(payer.tags)}`)
  return object('payer', inner)
}

function tokensText(tokens: TokenTotals): string {
  const inner =
    count('input', tokens.input) +
    count('cachedInput', tokens.cachedInput) +
    count('cacheWrite5m', tokens.cacheWrite5m) +
    count('cacheWrite1h', tokens.cacheWrite1h) +
    count('output', tokens.output) +
    count('reasoning', tokens.reasoning) +
    count('inputAudio', tokens.inputAudio) +
    count('outputAudio', tokens.outputAudio) +
    count('inputImage', tokens.inputImage) +
    count('outputImage', tokens.outputImage)
  return object('tokens', inner)
}

/** A unit counted as zero is kept: it is in the record because someone said so. */
function unitsText(units: Readonly<Record<string, number>>): string {
  const names = Object.keys(units)
  if (names.length === 0) return ''
  return object('units', names.map((name) => `,${quote(name)}:${finite('units', units[name] ?? Number.NaN)}`).join(''))
}

function costText(cost: Cost): string {
  const usual = cost.billingCurrency === 'USD' && cost.billingPicoAmount === cost.totalPicoUsd
  const billing = usual ? '' : `,"billing":[${quote(cost.billingCurrency)},"${formatPico(cost.billingPicoAmount)}"]`
  const stated = cost.providerStatedPicoUsd
  const inner =
    amount('input', cost.inputPicoUsd) +
    amount('cachedInput', cost.cachedInputPicoUsd) +
    amount('cacheWrite', cost.cacheWritePicoUsd) +
    amount('output', cost.outputPicoUsd) +
    amount('other', cost.otherPicoUsd) +
    amount('total', cost.totalPicoUsd) +
    text('priceVersion', cost.priceVersion) +
    (cost.unpriced ? ',"unpriced":true' : '') +
    billing +
    (stated === null ? '' : `,"providerStated":"${formatPico(stated)}"`)
  return object('cost', inner)
}

function attemptsText(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return ''
  return `,"attempts":[${attempts.map(attemptText).join(',')}]`
}

function attemptText(attempt: Attempt): string {
  const inner =
    count('startedAfterMs', attempt.startedAfterMs) +
    count('durationMs', attempt.durationMs) +
    count('status', attempt.status) +
    text('errorCode', attempt.errorCode)
  return `{${inner.slice(1)}}`
}

function object(name: string, inner: string): string {
  return inner === '' ? '' : `,"${name}":{${inner.slice(1)}}`
}

function text(name: string, value: string): string {
  return value === '' ? '' : `,"${name}":${quote(value)}`
}

function count(name: string, value: number): string {
  return value === 0 ? '' : `,"${name}":${finite(name, value)}`
}

function amount(name: string, value: bigint): string {
  return value === 0n ? '' : `,"${name}":"${formatPico(value)}"`
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value
  throw new EntryFault('entry_field_invalid', name, `${name} is ${value}: only finite numbers can be written`)
}

const plain = /^[ !#-[\]-~]*$/

/** JSON text of a string. Lone surrogates come out as escapes, so the line is always valid UTF-8 without line ends. */
function quote(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value)
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
  }
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
  }
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
const usageSourceSet: ReadonlySet<UsageSource> = new Set(['provider', 'estimated', 'none'] as const)

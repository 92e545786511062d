import type { Attempt, SettleEntry, TraceLink } from '#core/ledger/entry.ts'
import { formatUsd } from '#core/money/usd-text.ts'
import type { Attributes, CallSpan, SpanEvent } from '#core/telemetry/signals.ts'
import { attribute, operations } from './names.ts'
import { errorTypeOf, operationAttributes, type Servers, told } from './operation.ts'

/**
 * A settled call as the span of its operation, from its arrival to its end, with every try at the upstream as an event.
 * Nothing of what was said in the call is in it: not even messages of errors, since providers quote what they refuse.
 * Pure.
 */
export function callSpan(entry: SettleEntry, link: TraceLink, servers: Servers): CallSpan {
  const { call } = entry
  const operation = operations[call.endpoint].name
  return {
    link,
    // Only a name that some provider serves: what a caller made up is no name to group by.
    name: call.modelRouted === '' ? operation : `${operation} ${told(call.modelRouted)}`,
    startedAtMs: call.startedAtMs,
    endedAtMs: call.startedAtMs + entry.latencyMs,
    attributes: {
      ...operationAttributes(entry, servers),
      ...requestAttributes(entry),
      ...usageAttributes(entry),
      ...payerAttributes(entry),
      ...ownAttributes(entry),
    },
    events: entry.attempts.map((attempt, index) => attemptEvent(attempt, index + 1, call.startedAtMs)),
    errorType: errorTypeOf(entry),
  }
}

function requestAttributes(entry: SettleEntry): Attributes {
  const { call, timeToFirstTokenMs, statusCode } = entry
  const { outputType } = operations[call.endpoint]
  const errorType = errorTypeOf(entry)
  return {
    ...(call.modelRouted === '' ? text(attribute.requestModel, call.modelRequested) : {}),
    ...(outputType === undefined ? {} : { [attribute.outputType]: outputType }),
    ...(call.stream ? { [attribute.requestStream]: true } : {}),
    ...(call.stream && timeToFirstTokenMs !== null ? { [attribute.timeToFirstChunk]: timeToFirstTokenMs / 1000 } : {}),
    ...(statusCode === 0 ? {} : { [attribute.statusCode]: statusCode }),
    ...text(attribute.errorType, errorType),
  }
}

/** Wholes contain their parts here as there: input with what came from a cache, output with reasoning. */
function usageAttributes({ usageSource, tokens }: SettleEntry): Attributes {
  if (usageSource === 'none') return {}
  return {
    [attribute.inputTokens]: tokens.input,
    [attribute.outputTokens]: tokens.output,
    ...count(attribute.cacheReadTokens, tokens.cachedInput),
    ...count(attribute.cacheCreationTokens, tokens.cacheWrite5m + tokens.cacheWrite1h),
    ...count(attribute.reasoningTokens, tokens.reasoning),
  }
}

function payerAttributes({ call: { payer, keyId } }: SettleEntry): Attributes {
  const tags = Object.entries(payer.tags).map(([name, value]) => [`tollgate.tag.${told(name)}`, told(value)])
  return {
    ...text('tollgate.department', payer.department),
    ...text('tollgate.project', payer.project),
    ...text('tollgate.cost_center', payer.costCenter),
    ...text('tollgate.user_id', payer.userId),
    ...text('tollgate.session_id', payer.sessionId),
    ...text('tollgate.feature_flag', payer.featureFlag),
    ...text('tollgate.request_path', payer.requestPath),
    ...Object.fromEntries(tags),
    ...text('tollgate.api_key_id', keyId),
  }
}

/** Named as in the record. */
function ownAttributes({ call, cost, ...entry }: SettleEntry): Attributes {
  return {
    'tollgate.call_id': call.callId,
    'tollgate.request_id': told(call.requestId),
    'tollgate.endpoint': call.endpoint,
    'tollgate.outcome': entry.outcome,
    ...text('tollgate.upstream', call.upstream),
    ...text('tollgate.model_requested', call.modelRequested),
    'tollgate.cost.usd': formatUsd(cost.totalPicoUsd),
    ...(cost.unpriced ? { 'tollgate.unpriced': true } : {}),
    ...text('tollgate.price_version', cost.priceVersion),
    'tollgate.usage_source': entry.usageSource,
    'tollgate.overhead_ms': entry.overheadMs,
    'tollgate.retries': Math.max(0, entry.attempts.length - 1),
    ...(entry.cacheHit ? { 'tollgate.cache_hit': true } : {}),
  }
}

function attemptEvent(attempt: Attempt, number: number, startedAtMs: number): SpanEvent {
  return {
    name: 'tollgate.attempt',
    atMs: startedAtMs + attempt.startedAfterMs,
    attributes: {
      'tollgate.attempt.number': number,
      'tollgate.attempt.duration_ms': attempt.durationMs,
      ...count(attribute.statusCode, attempt.status),
      ...text(attribute.errorType, attempt.errorCode),
    },
  }
}

function text(name: string, value: string): Attributes {
  return value === '' ? {} : { [name]: told(value) }
}

function count(name: string, value: number): Attributes {
  return value === 0 ? {} : { [name]: value }
}

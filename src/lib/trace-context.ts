/** What a `traceparent` header says, in lower-case hex. */
interface TraceParent {
  /** 32 digits, not all zero. */
  readonly traceId: string
  /** 16 digits, not all zero: the span of whoever sent the header. */
  readonly spanId: string
  readonly flags: number
}

export const sampledFlag = 0x01
/** The trace id was made at random: https://www.w3.org/TR/trace-context-2/#random-trace-id-flag. */
const randomFlag = 0x02

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const noTrace = '0'.repeat(32)
const noSpan = '0'.repeat(16)

/**
 * Reads the value of a `traceparent` header as https://www.w3.org/TR/trace-context/#traceparent-header says. Null where
 * it is malformed, of version ff, in capitals, with an id of zeros, or several headers joined into one. A later version
 * may have more behind a dash, of which nothing is known here. Pure.
 */
export function readTraceparent(value: string): TraceParent | null {
  const [, version, traceId, spanId, flags, more] = form.exec(value) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  if (version === 'ff' || (version === '00' && more !== undefined)) return null
  if (traceId === noTrace || spanId === noSpan) return null
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** In version 00; flags that it does not know are left out. */
export function traceparentText({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${flags & (sampledFlag | randomFlag)}`
}

const chanceDigits = 13
const chances = 16 ** chanceDigits

/**
 * Whether a trace that begins here is sampled, given a random id: so that all who ask with the same ratio agree, and
 * whoever has a greater one takes it too. The share of ids taken is the ratio, to 2^-52. As
 * https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/ does, by the last digits of the id.
 */
export function isSampled(traceId: string, ratio: number): boolean {
  const chance = Number.parseInt(traceId.slice(-chanceDigits), 16)
  return chance >= Math.round((1 - ratio) * chances)
}

import { maxTagNameLength, maxTags } from '#core/attribution/tags.ts'
import { maxValueLength } from '#core/attribution/text.ts'
import type { CallFacts, SettleEntry } from './entry.ts'

/*
 * How long the texts of an entry may be, in UTF-16 code units, and its lists, in items. Callers, providers and relays
 * of all kinds write them, and a record must not grow with them. Who makes an entry keeps to these bounds.
 */

/** Longer names of models are nobody's: callers who ask for one are refused, what an answer says is cut. */
export const longestModel = 256
/** Of a response, a batch or a file: what it is fetched by, and no path that is served has a longer segment. */
export const longestResponseId = 512
export const longestErrorCode = 200
export const longestErrorMessage = 1_000
/** Ids, vendors, upstreams, currencies: ours, configured, or checked where they are read. */
export const longestName = 256
/** Where many prices make one cost the last are not named, see `joinVersions`. */
export const longestPriceVersion = 3_000
/** Of a key, of metadata with an audit's timestamp, and of headers; a webhook has two of them. */
export const mostTagsOfEntry = 3 * maxTags + 1
const [mostMarks, longestMark] = [64, 200]
const [mostUnits, longestUnit] = [32, 64]
/** Ten retries are the most that can be configured. */
const mostAttempts = 11

/** No line of an entry within these bounds is longer; a text takes six bytes at most for each code unit, as `\u0000`. */
export const greatestLineBytes = 512 * 1024

/** Set on a record that was cut to fit: a fault of ours, but no reason to lose what the call cost. */
export const shortenedMark = 'shortened'

/** The text, or as much of its beginning as may be kept. */
export function bounded(text: string, longest: number): string {
  return text.length <= longest ? text : text.slice(0, longest).toWellFormed()
}

/**
 * A record that is too long for a line, made to fit: all its texts and lists cut to the bounds above, and marked so.
 * What was used and what it cost stays to the last digit. Pure.
 */
export function shortened(entry: SettleEntry): SettleEntry {
  const { cost } = entry
  return {
    ...entry,
    call: shortenedCall(entry.call),
    modelServed: bounded(entry.modelServed, longestModel),
    units: shortenedMap(entry.units, mostUnits, longestUnit),
    cost: {
      ...cost,
      priceVersion: bounded(cost.priceVersion, longestPriceVersion),
      billingCurrency: bounded(cost.billingCurrency, longestName),
    },
    marks: [...entry.marks.slice(0, mostMarks - 1).map((mark) => bounded(mark, longestMark)), shortenedMark],
    errorCode: bounded(entry.errorCode, longestErrorCode),
    errorMessage: bounded(entry.errorMessage, longestErrorMessage),
    attempts: entry.attempts.slice(0, mostAttempts).map((attempt) => ({
      ...attempt,
      errorCode: bounded(attempt.errorCode, longestErrorCode),
    })),
  }
}

function shortenedCall(call: CallFacts): CallFacts {
  const { payer } = call
  const value = (text: string) => bounded(text, maxValueLength)
  const name = (text: string) => bounded(text, longestName)
  const tags = Object.entries(payer.tags).map(([tag, text]) => [tag, value(text)] as const)
  return {
    ...call,
    requestId: name(call.requestId),
    payer: {
      department: value(payer.department),
      project: value(payer.project),
      costCenter: value(payer.costCenter),
      userId: value(payer.userId),
      sessionId: value(payer.sessionId),
      featureFlag: value(payer.featureFlag),
      requestPath: value(payer.requestPath),
      tags: shortenedMap(Object.fromEntries(tags), mostTagsOfEntry, maxTagNameLength),
    },
    keyId: name(call.keyId),
    vendor: name(call.vendor),
    upstream: name(call.upstream),
    modelRequested: bounded(call.modelRequested, longestModel),
    modelRouted: bounded(call.modelRouted, longestModel),
    promptHash: name(call.promptHash),
  }
}

function shortenedMap<Value>(map: Readonly<Record<string, Value>>, most: number, longest: number) {
  const members = Object.entries(map).slice(0, most)
  return Object.fromEntries(members.map(([name, value]) => [bounded(name, longest), value] as const))
}

import { isCredential, parameters } from './query.ts'
import { type RequestRefusal, refusal } from './requests/facts.ts'
import type { Headers } from './wire-headers.ts'

/** A call as far as its form of answer can be chosen outside of its body. */
export interface AskedForm {
  /** From its question mark on, or empty. */
  readonly query: string
  readonly headers: Headers
}

const format = /^(?:json|sse)$/
const yesOrNo = /^(?:true|false)?$/
const anything = /^/

/**
 * Parameters that say nothing about which parts of an answer come, and in what form, but for the two that are read here;
 * with the values that they may have. Beside system parameters those of Gemini's lists (https://ai.google.dev/api/models).
 */
const harmless: ReadonlyMap<string, RegExp> = new Map([
  ['alt', format],
  ['$alt', format],
  ['prettyPrint', yesOrNo],
  ['$prettyPrint', yesOrNo],
  ['quotaUser', anything],
  ['pageSize', anything],
  ['page_size', anything],
  ['pageToken', anything],
  ['page_token', anything],
  ['filter', anything],
])

/**
 * What clients made from Google's descriptions ask for. Of those two forms of JSON they read either
 * (https://protobuf.dev/programming-guides/json/), but here only names are read: the usual form is asked for instead.
 */
const numbersForNames = 'json;enum-encoding=int'

/** Headers by which any call could be answered in another form, or be another call than the one that is looked at. */
const refusedHeaders = [
  'x-goog-fieldmask',
  'x-goog-api-version',
  'x-goog-encode-response-if-executable',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
] as const

/**
 * Why a call cannot be served in the form that is asked for; null where it can. Refused rather than left out: whoever asks
 * for a part of an answer, or for another form of it, could not make sense of what came instead.
 */
export function faultOfForm({ query, headers }: AskedForm, toGoogle: boolean): RequestRefusal | null {
  for (const name of refusedHeaders) {
    if (headers[name] !== undefined) return hiding(`The header "${name}"`, name)
  }
  const { accept } = headers
  if (typeof accept === 'string' && accept.length > 3 && /protobuf/i.test(accept)) {
    return hiding('"accept: application/x-protobuf"', 'accept')
  }
  if (query.length <= 1) return null
  return toGoogle ? faultOfGoogles(query) : faultOfOthers(query)
}

/**
 * The query for Google: what is harmless of it, in one spelling, so that nothing in it can be read in two ways. Empty, or
 * from its question mark on.
 */
export function googleQuery(query: string): string {
  if (query.length <= 1) return ''
  const kept: string[] = []
  const seen = new Set<string>()
  for (const { name, value } of parameters(query)) {
    if (!isHarmless(name, value) || value === numbersForNames || seen.has(plain(name))) continue
    seen.add(plain(name))
    kept.push(`${plain(name)}=${encodeURIComponent(value)}`)
  }
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** Whether a stream of Gemini's is asked for as events; otherwise it is an array that grows. */
export function asksForEvents(query: string): boolean {
  return query.length > 1 && /(?:^\?|&)alt=sse(?:&|$)/.test(googleQuery(query))
}

function faultOfGoogles(query: string): RequestRefusal | null {
  const seen = new Set<string>()
  for (const { name, value } of parameters(query)) {
    if (isCredential(name)) continue
    if (!harmless.has(name))
      return shapesAnswers(name) ? hiding(`The parameter "${shown(name)}"`, shown(name)) : unknown(name)
    if (!isHarmless(name, value)) return hiding(`"${name}=${shown(value)}"`, name)
    if (seen.has(plain(name))) return refusal('invalid_request', `"${name}" stands more than once in the query`, name)
    seen.add(plain(name))
  }
  return null
}

/** Relays have parameters of their own, but may also be Google under another name. */
function faultOfOthers(query: string): RequestRefusal | null {
  // Some readers take a semicolon for what stands between two parameters.
  for (const { name, value } of parameters(query.replaceAll(';', '&'))) {
    if (isCredential(name) || !shapesAnswers(name)) continue
    if (plain(name).toLowerCase() === 'alt' && format.test(value)) continue
    return hiding(`The parameter "${shown(name)}"`, shown(name))
  }
  return null
}

function shapesAnswers(name: string): boolean {
  return name.startsWith('$') || /^(?:fields|callback|alt)$/i.test(name)
}

function isHarmless(name: string, value: string): boolean {
  if (value === numbersForNames) return plain(name) === 'alt'
  return harmless.get(name)?.test(value) === true
}

/** System parameters have a second name, so that they can stand beside an API's own. */
function plain(name: string): string {
  return name.startsWith('$') ? name.slice(1) : name
}

function hiding(what: string, param: string): RequestRefusal {
  const why = 'could keep from the gateway what the call has used, so it is not passed on'
  return refusal('invalid_request', `${what} ${why}: send the request without it`, param)
}

function unknown(name: string): RequestRefusal {
  const known = [...harmless.keys()].filter((one) => !/[$_]/.test(one)).join(', ')
  return refusal(
    'invalid_request',
    `the parameter "${shown(name)}" is not passed on to Google; these are: ${known}`,
    shown(name),
  )
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text.toWellFormed()
}

import { usageSources } from '#core/usage/reported.ts'
import { endpointNames, outcomes } from './entry.ts'

/**
 * The fields of a settle entry's line, named as in the line. A text that is left out is empty, a number is 0; `starts`
 * is 0 for both. What repeats another field where it is left out (`requestId`, `modelRouted`, `modelServed`) has its
 * place filled in; `billingAmount` has its value.
 */
const fieldNames = [
  'callId',
  'requestId',
  'startedAtMs',
  'department',
  'project',
  'costCenter',
  'userId',
  'sessionId',
  'featureFlag',
  'requestPath',
  'keyId',
  'vendor',
  'upstream',
  'modelRequested',
  'modelRouted',
  'endpoint',
  'stream',
  'promptHash',
  'endedAtMs',
  'outcome',
  'modelServed',
  'usageSource',
  'input',
  'cachedInput',
  'cacheWrite5m',
  'cacheWrite1h',
  'output',
  'reasoning',
  'inputAudio',
  'outputAudio',
  'inputImage',
  'outputImage',
  'inputCost',
  'cachedInputCost',
  'cacheWriteCost',
  'outputCost',
  'otherCost',
  'totalCost',
  'priceVersion',
  'unpriced',
  'billingCurrency',
  'billingAmount',
  'providerStated',
  'latencyMs',
  'timeToFirstTokenMs',
  'overheadMs',
  'statusCode',
  'errorCode',
  'errorMessage',
  'attempts',
  'cacheHit',
  'tags',
  'ignored',
] as const

type LineField = (typeof fieldNames)[number]

/** Where a field stands in `starts`, `ends` and `values`. */
export const lineFields = Object.fromEntries(fieldNames.map((name, index) => [name, index])) as Readonly<
  Record<LineField, number>
>

/** Behind the fields: key and value of one tag after the other, as many as the value of `tags` says. */
export const firstTag = fieldNames.length
export const mostTags = 16

/** How a value is read; what stands for it in the arrays. */
type Form =
  /** The place of its text. */
  | 'text'
  /** Its place, and the value is the index in `names`. */
  | 'name'
  /** A whole number. */
  | 'count'
  | 'number'
  /** In 1e-12. */
  | 'amount'
  | 'true'
  | 'object'
  | 'tags'
  | 'attempts'
  | 'billing'

/** A text of at least four bytes, as words to compare: its whole ones, and its last four bytes. */
export interface Literal {
  readonly length: number
  readonly words: Int32Array
  readonly lastWord: number
}

export interface Step {
  /** The key with what stands before the value. */
  readonly literal: Literal
  readonly form: Form
  readonly slot: number
  readonly names: readonly Literal[]
  readonly steps: readonly Step[]
}

const openings: Readonly<Record<Form, string>> = {
  text: '"',
  name: '"',
  count: '',
  number: '',
  amount: '"',
  true: 'true',
  object: '{',
  tags: '{',
  attempts: '[',
  billing: '["',
}

export const opening = literalOf('{"kind":"settle",')

/** In the order in which `encodeEntry` writes them. Units and marks, which few lines have, are not among them. */
export const topSteps: readonly Step[] = [
  step('callId', 'text'),
  step('requestId', 'text'),
  step('startedAtMs', 'count'),
  steps('payer', [
    step('department', 'text'),
    step('project', 'text'),
    step('costCenter', 'text'),
    step('userId', 'text'),
    step('sessionId', 'text'),
    step('featureFlag', 'text'),
    step('requestPath', 'text'),
    step('tags', 'tags'),
  ]),
  step('keyId', 'text'),
  step('vendor', 'text'),
  step('upstream', 'text'),
  step('modelRequested', 'text'),
  step('modelRouted', 'text'),
  step('endpoint', 'name', { names: endpointNames }),
  step('stream', 'true'),
  step('promptHash', 'text'),
  step('endedAtMs', 'count'),
  step('outcome', 'name', { names: outcomes }),
  step('modelServed', 'text'),
  step('usageSource', 'name', { names: usageSources }),
  steps('tokens', [
    step('input', 'count'),
    step('cachedInput', 'count'),
    step('cacheWrite5m', 'count'),
    step('cacheWrite1h', 'count'),
    step('output', 'count'),
    step('reasoning', 'count'),
    step('inputAudio', 'count'),
    step('outputAudio', 'count'),
    step('inputImage', 'count'),
    step('outputImage', 'count'),
  ]),
  steps('cost', [
    step('inputCost', 'amount', { key: 'input' }),
    step('cachedInputCost', 'amount', { key: 'cachedInput' }),
    step('cacheWriteCost', 'amount', { key: 'cacheWrite' }),
    step('outputCost', 'amount', { key: 'output' }),
    step('otherCost', 'amount', { key: 'other' }),
    step('totalCost', 'amount', { key: 'total' }),
    step('priceVersion', 'text'),
    step('unpriced', 'true'),
    step('billingCurrency', 'billing', { key: 'billing' }),
    step('providerStated', 'amount'),
  ]),
  step('latencyMs', 'number'),
  step('timeToFirstTokenMs', 'number'),
  step('overheadMs', 'number'),
  step('statusCode', 'count'),
  step('errorCode', 'text'),
  step('errorMessage', 'text'),
  step('attempts', 'attempts'),
  step('cacheHit', 'true'),
]

/** They are kept as they stand, once they are seen to be sound. */
export const attemptSteps: readonly Step[] = [
  step('ignored', 'number', { key: 'startedAfterMs' }),
  step('ignored', 'number', { key: 'durationMs' }),
  step('ignored', 'count', { key: 'status' }),
  step('ignored', 'text', { key: 'errorCode' }),
]

/** Without them it is no settle entry. */
export const requiredFields = (
  ['callId', 'startedAtMs', 'endpoint', 'endedAtMs', 'outcome', 'usageSource'] as const
).map((name) => lineFields[name])

function step(field: LineField, form: Form, more: { key?: string; names?: readonly string[] } = {}): Step {
  const literal = literalOf(`"${more.key ?? field}":${openings[form]}`)
  const names = (more.names ?? []).map(literalOf)
  return { literal, form, slot: lineFields[field], names, steps: [] }
}

function steps(key: string, inner: readonly Step[]): Step {
  const literal = literalOf(`"${key}":${openings.object}`)
  return { literal, form: 'object', slot: lineFields.ignored, names: [], steps: inner }
}

function literalOf(text: string): Literal {
  const bytes = Buffer.from(text)
  const words = Int32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readInt32LE(index * 4))
  return { length: bytes.length, words, lastWord: bytes.readInt32LE(bytes.length - 4) }
}

import { type Payer, payerFields, payerProperty } from '#core/attribution/payer.ts'
import { readTags } from '#core/attribution/tags.ts'
import type { ReportedUsage } from '#core/usage/reported.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { Writable } from '#lib/writable.ts'
import { vendorOfModelName } from '#providers/vendors.ts'
import { type ExternalCost, externalCallId } from './external-cost.ts'
import { amountOf, countOf, FieldFault, instantOf, objectAt, requiredText, textOf } from './fields.ts'
import type { IncomingSource } from './source.ts'

/** Calls wait while a list is read: so many take some milliseconds. */
const mostEvents = 1_000

interface EventReading {
  readonly source: IncomingSource
  readonly nowMs: number
  readonly hashPrompt: (prompt: Buffer) => string
}

/** One event, or a list of them. @throws FieldFault for the first fault, with its path */
export function readUsageEvents(body: unknown, reading: EventReading): readonly ExternalCost[] {
  if (Array.isArray(body) && body.length > mostEvents)
    throw new FieldFault('', `must list at most ${mostEvents} events`)
  if (Array.isArray(body)) return body.map((event: unknown, index) => readUsageEvent(event, `[${index}]`, reading))
  return [readUsageEvent(body, '', reading)]
}

function readUsageEvent(event: unknown, at: string, { source, nowMs, hashPrompt }: EventReading): ExternalCost {
  if (!isObject(event)) throw new FieldFault(at, 'must be an object')
  const under = (name: string): string => (at === '' ? name : `${at}.${name}`)
  const eventId = requiredText(event['id'], under('id'))
  const model = textOf(event['model'], under('model'))
  const cost = objectAt(event, 'cost', under('cost'))
  const statedPicoUsd = amountOf(cost?.['total_usd'], under('cost.total_usd'))
  // A cost that has another form than ours is not computed instead: it would be another amount.
  if (cost !== null && statedPicoUsd === null) throw new FieldFault(under('cost.total_usd'), 'is missing')
  return {
    callId: externalCallId('webhook', source.source, eventId),
    source: source.source,
    eventId,
    startedAtMs: instantOf(event['timestamp'], under('timestamp'), nowMs),
    payer: payerOf(event, under, source.attribution),
    keyId: '',
    vendor: vendorOfModelName(model) ?? '',
    model,
    usage: usageOf(objectAt(event, 'usage', under('usage')), under('usage')),
    statedPicoUsd,
    promptHash: promptHash(event['prompt'], hashPrompt),
    amountPath: under('cost.total_usd'),
  }
}

/** Who pays: what the source is configured with, overridden by what the event says. */
export function payerOf(event: JsonObject, under: (name: string) => string, configured: Payer): Payer {
  const payer: Writable<Payer> = { ...configured }
  for (const field of payerFields) {
    const said = textOf(event[field], under(field))
    if (said !== '') payer[payerProperty[field]] = said
  }
  if (textOf(event['user_id'], under('user_id')) === '') {
    // What OpenAI calls it.
    const user = textOf(event['user'], under('user'))
    if (user !== '') payer.userId = user
  }
  if (event['tags'] === undefined || event['tags'] === null) return payer
  const path = under('tags')
  const read = readTags(event['tags'], path)
  if (read.kind !== 'tags') throw new FieldFault(path, read.message.slice(read.message.indexOf(path) + path.length + 1))
  payer.tags = { ...configured.tags, ...read.tags }
  return payer
}

/** Our names of counts first, then those of providers whose usage an event may pass on. */
const counts = [
  ['inputTokens', ['input_tokens', 'prompt_tokens']],
  ['outputTokens', ['output_tokens', 'completion_tokens']],
  ['cachedInputTokens', ['cached_input_tokens']],
  ['cacheWriteTokens', ['cache_write_tokens']],
  ['reasoningTokens', ['reasoning_tokens']],
] as const

function usageOf(usage: JsonObject | null, path: string): ReportedUsage | null {
  if (usage === null) return null
  const reported: { -readonly [Name in (typeof counts)[number][0]]?: number } = {}
  for (const [property, names] of counts) {
    for (const name of names.toReversed()) {
      const count = countOf(usage[name], `${path}.${name}`)
      if (count !== undefined) reported[property] = count
    }
  }
  return Object.keys(reported).length === 0 ? null : reported
}

/** Of a prompt of any form. It is hashed with the instance's secret, as bodies of calls are, and goes nowhere else. */
function promptHash(prompt: unknown, hashPrompt: (prompt: Buffer) => string): string {
  if (prompt === undefined || prompt === null || prompt === '') return ''
  return hashPrompt(Buffer.from(typeof prompt === 'string' ? prompt : JSON.stringify(prompt)))
}

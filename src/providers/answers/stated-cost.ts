import { plainDecimal } from '#lib/decimal-text.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import { objectOf, present } from './json.ts'

/** What a provider says about money in its usage object, as exact decimal text. */
export interface StatedCost {
  readonly providerCostUsd?: string
  readonly providerCostIsFee?: boolean
  readonly upstreamCostUsd?: string
}

/** xAI states 1e-10 USD. Source: https://docs.x.ai/docs/api-reference (`cost_in_usd_ticks`). */
const xaiTickExponent = -10

const statedMembers = new Set(['cost', 'total_cost', 'cost_in_usd_ticks', 'upstream_inference_cost'])

/** Longer ones are read by nobody. */
const longestText = 101

export const nothingStated: StatedCost = {}

/**
 * Reads `usage.cost` (OpenRouter, Vercel's gateway, Avian: a number; Perplexity: an object with `total_cost`) and
 * `usage.cost_in_usd_ticks` (xAI). `source` is the JSON text that `usage` was parsed from: where a cost is stated it is
 * parsed once more to see the digits that were sent, because a double may have rounded them.
 */
export function statedCost(usage: JsonObject, source: string): StatedCost {
  const cost = usage['cost']
  if (typeof cost !== 'number' && !isObject(cost) && typeof usage['cost_in_usd_ticks'] !== 'number')
    return nothingStated
  const exact = usageLike(reparse(source), usage) ?? usage
  const exactCost = exact['cost']
  const stated = isObject(exactCost) ? exactCost['total_cost'] : exactCost
  return present<StatedCost>({
    providerCostUsd: decimal(stated, 0) ?? decimal(exact['cost_in_usd_ticks'], xaiTickExponent),
    providerCostIsFee: usage['is_byok'] === true ? true : undefined,
    upstreamCostUsd: decimal(objectOf(exact['cost_details'])?.['upstream_inference_cost'], 0),
  })
}

/** The same JSON with the stated amounts as the text that was sent. */
function reparse(source: string): unknown {
  try {
    return JSON.parse(source, (key, value, context?: { readonly source?: string }) =>
      typeof value === 'number' && statedMembers.has(key) ? (context?.source ?? String(value)) : value,
    )
  } catch {
    return undefined
  }
}

/** Usage stands at the top of a chunk or body, or inside `response` or `message` in an event that bears one. */
function usageLike(json: unknown, usage: JsonObject): JsonObject | undefined {
  if (!isObject(json)) return undefined
  const found =
    objectOf(json['usage']) ?? objectOf((objectOf(json['response']) ?? objectOf(json['message']))?.['usage'])
  return found !== undefined && Object.keys(found).length === Object.keys(usage).length ? found : undefined
}

/** A number that is no amount stays as it was written, cut short: whoever prices the call marks it as none. */
function decimal(value: unknown, shift: number): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  const plain =
    plainDecimal(text, shift) ?? (/^\d+(?:\.\d+)?[eE]\+?\d+$/.test(text) ? text.slice(0, longestText) : null)
  return plain === null || plain.startsWith('-') ? undefined : plain
}

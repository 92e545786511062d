import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { Reading } from '#providers/meter.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, nameOf, objectOf, objectsOf, otherCounts, present, sumOf, textOf } from './json.ts'
import { responsesUsage } from './openai-usage.ts'
import { type StatedCost, statedCost } from './stated-cost.ts'

/** Source: https://platform.openai.com/docs/api-reference/responses/object */
const finalStatuses: ReadonlySet<unknown> = new Set(['completed', 'incomplete', 'failed', 'cancelled'])

/** Of the answer that began a background job: its result, and what it costs, can be fetched later. */
export function runsOn(reading: Reading): boolean {
  return reading.responseId !== null && !isOver(reading)
}

/** The response will not change any more. */
export function isOver({ status }: Reading): boolean {
  return finalStatuses.has(status)
}

/** Reads the Responses API: created, streamed, retrieved or compacted. */
export function createResponsesReader(findings: Findings): AnswerReader {
  let response: JsonObject | null = null
  let cost: StatedCost = {}
  /** Items seen to be done, for streams that break off before they list them. */
  const doneItems: JsonObject[] = []

  const itemsOf = (json: JsonObject): readonly JsonObject[] => {
    const listed = objectsOf(json['output'])
    return listed.length > 0 ? listed : doneItems
  }

  const take = (json: JsonObject, source: string): void => {
    response = json
    findings.nameModel(json['model'])
    findings.nameResponse(json['id'])
    findings.status = textOf(json['status']) ?? findings.status
    findings.serviceTier = textOf(json['service_tier']) ?? findings.serviceTier
    const usage = objectOf(json['usage'])
    if (usage !== undefined) cost = statedCost(usage, source)
    // The error event that came before says more than the failed response.
    findings.error ??= errorIn(json)
  }

  return {
    event(json, source) {
      const type = json['type']
      const delta = json['delta']
      if (typeof delta === 'string') {
        // Audio comes as base64: its transcript has deltas of its own.
        if (type !== 'response.audio.delta') findings.addText(delta)
        return
      }
      const whole = objectOf(json['response'])
      if (whole !== undefined) {
        take(whole, source)
        if (finalStatuses.has(whole['status'])) {
          findings.ended = true
          findings.complete = true
          findings.usageFinal = true
          noteUnread(findings, itemsOf(whole))
        }
        return
      }
      if (type === 'response.output_item.done') {
        const item = json['item']
        if (isObject(item)) doneItems.push({ type: item['type'], action: item['action'] })
      } else if (type === 'error' || isObject(json['error'])) {
        findings.error = errorIn(json)
        findings.ended = true
      }
    },
    whole(json, source) {
      take(json, source)
      for (const item of objectsOf(json['output'])) addItemText(item, findings)
      noteUnread(findings, itemsOf(json))
      findings.complete = findings.error === null
    },
    usage() {
      const usage = objectOf(response?.['usage'])
      if (response === null) return null
      if (usage === undefined) {
        // A stream begins with zeros of all tools: only the last event says what they did.
        const { tool_usage: _, ...begun } = response
        return ranUnreported(besideTokens({}, findings.usageFinal ? response : begun, itemsOf(response)))
      }
      return present<ReportedUsage>({
        ...responsesUsage(usage),
        ...besideTokens(usage, response, itemsOf(response)),
        ...cost,
        serviceTier: findings.serviceTier,
      })
    },
  }
}

/** The model has worked and shows no word of it: it only thought, or was cut off before it came to speak. */
function noteUnread(findings: Findings, items: readonly JsonObject[]): void {
  if (findings.outputChars > 0 || findings.error !== null) return
  if (items.length > 0 || findings.status === 'incomplete') findings.outputUnread = true
}

/** What there is to bill beside tokens: the provider's own count first, else the items of the answer. */
function besideTokens(usage: JsonObject, response: JsonObject, items: readonly JsonObject[]): ReportedUsage {
  const tools = objectOf(response['tool_usage'])
  const xaiTools = objectOf(usage['server_side_tool_usage_details'])
  const images = picturesCounted(objectOf(tools?.['image_gen']), response)
  const counts = countItems(items)
  const searched =
    countOf(objectOf(tools?.['web_search'])?.['num_requests']) ??
    sumOf(countOf(xaiTools?.['web_search_calls']), countOf(xaiTools?.['x_search_calls'])) ??
    searches(items)
  const preview = objectsOf(response['tools']).some(({ type }) => textOf(type)?.startsWith('web_search_preview'))
  return present<ReportedUsage>({
    webSearchRequests: preview ? undefined : searched,
    webSearchPreviewRequests: preview ? searched : undefined,
    fileSearchRequests: countOf(xaiTools?.['file_search_calls']) ?? counts['file_search_call'],
    // Zeros stand for no record of the pictures as well as for no pictures.
    imageGenerationRequests:
      countOf(xaiTools?.['image_generation_calls']) ??
      (images?.outputTokens ? undefined : counts['image_generation_call']),
    serverToolRequests: sumOf(otherCounts(xaiTools, xaiCounts), otherFamilies(tools)),
    // A command that the caller is to run comes without its output.
    shellRequests: counts['shell_call_output'],
    codeExecutionRequests: countOf(xaiTools?.['code_interpreter_calls']) ?? counts['code_interpreter_call'],
    serverSideToolsUsed: countOf(usage['num_server_side_tools_used']),
    webSearchSources: countOf(usage['num_sources_used']),
    outputItems: Object.keys(counts).length === 0 ? undefined : counts,
    imageGeneration: images,
  })
}

/** What tools had done before a stream broke off: it is billed, whatever else an estimate has to say. */
function ranUnreported(beside: ReportedUsage): ReportedUsage | null {
  const { outputItems: _, imageGeneration: __, ...counted } = beside
  return Object.keys(counted).length === 0 ? null : counted
}

/** What the pictures of a tool took, by the model that the tool names. */
function picturesCounted(reported: JsonObject | undefined, response: JsonObject): ReportedPass | undefined {
  if (reported === undefined) return undefined
  const pass = responsesUsage(reported)
  const models = objectsOf(response['tools'])
    .filter(({ type }) => type === 'image_generation')
    .map(({ model }) => nameOf(model))
  const [model] = models
  return model !== undefined && models.length === 1 ? { ...pass, model } : pass
}

/** What xAI counts of tools that have units here; calls of MCP servers cost no more than their tokens. */
const xaiCounts: ReadonlySet<string> = new Set([
  ...['web_search_calls', 'x_search_calls', 'file_search_calls', 'code_interpreter_calls', 'image_generation_calls'],
  'mcp_calls',
])

/** OpenAI's word for the use of tools of which nothing is known here. */
function otherFamilies(tools: JsonObject | undefined): number | undefined {
  const counts = Object.entries(tools ?? {})
    .filter(([name]) => name !== 'web_search' && name !== 'image_gen')
    .map(([, family]) => otherCounts(objectOf(family), new Set()))
  return sumOf(...counts)
}

/** Items by kind. Messages and reasoning are tokens and nothing else. */
function countItems(items: readonly JsonObject[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) {
    const type = textOf(item['type'])
    if (type !== undefined && type !== 'message' && type !== 'reasoning') counts[type] = (counts[type] ?? 0) + 1
  }
  return counts
}

/**
 * Searches among the items. Opening a page and looking for a text in it are items of the same type and not billed as
 * searches. Source: https://platform.openai.com/docs/guides/tools-web-search (output and citations).
 */
function searches(items: readonly JsonObject[]): number | undefined {
  let count = 0
  for (const item of items) {
    if (item['type'] !== 'web_search_call') continue
    if ((textOf(objectOf(item['action'])?.['type']) ?? 'search') === 'search') count += 1
  }
  return count === 0 ? undefined : count
}

function addItemText(item: JsonObject, findings: Findings): void {
  for (const part of objectsOf(item['content'])) findings.addText(part['text'] ?? part['refusal'] ?? part['transcript'])
  for (const part of objectsOf(item['summary'])) findings.addText(part['text'])
  findings.addText(item['arguments'])
  findings.addText(item['code'])
  if (item['type'] === 'custom_tool_call') findings.addText(item['input'])
}

import type { ReportedPass, ReportedUsage } from '#core/usage/reported.ts'
import type { JsonObject } from '#lib/json-object.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { countOf, nameOf, objectOf, objectsOf, otherCounts, present, sumOf, textOf } from './json.ts'
import { nothingStated, type StatedCost, statedCost } from './stated-cost.ts'

/** Reads the Messages API. Source: https://docs.anthropic.com/en/api/messages-streaming and its recordings. */
export function createMessagesReader(findings: Findings): AnswerReader {
  return new MessagesReader(findings)
}

class MessagesReader implements AnswerReader {
  readonly #findings: Findings
  readonly #ran: ToolRuns = { searches: 0, fetches: 0, codeRuns: 0 }
  #usage: JsonObject | null = null
  #cost: StatedCost = nothingStated
  #refused = false
  #produced = false
  #toldInDelta = false

  constructor(findings: Findings) {
    this.#findings = findings
  }

  event(json: JsonObject, source: string): void {
    const findings = this.#findings
    switch (json['type']) {
      case 'content_block_delta':
        return addDelta(objectOf(json['delta']), findings)
      case 'content_block_start': {
        const block = objectOf(json['content_block'])
        // A stream began with the name of the model that was asked first.
        if (goesOn(block)) findings.nameModel(objectOf(block?.['to'])?.['model'])
        return this.#takeBlock(block)
      }
      case 'message_start': {
        const message = objectOf(json['message'])
        if (message === undefined) return
        this.#takeMessage(message, source)
        if (this.#usage !== null) this.#usage = withoutProvisional(this.#usage)
        return
      }
      case 'message_delta':
        return this.#takeDelta(json, source)
      case 'message_stop':
        findings.usageFinal = this.#toldInDelta
        findings.ended = true
        findings.complete = true
        return
      default:
        if (json['error'] === undefined) return
        findings.error = errorIn(json)
        findings.ended = true
    }
  }

  whole(json: JsonObject, source: string): void {
    const findings = this.#findings
    const error = errorIn(json)
    if (error !== null) {
      findings.error = error
      return
    }
    this.#takeMessage(json, source)
    for (const block of objectsOf(json['content'])) this.#takeBlock(block)
    this.#refused = isUnbilledRefusal(json)
    findings.complete = true
  }

  usage(): ReportedUsage | null {
    if (this.#usage === null) return null
    const reported = { ...messagesUsage(this.#usage, this.#findings, this.#ran), ...this.#cost }
    const atOnce = this.#refused && !this.#produced && (reported.outputTokens ?? 0) <= 1
    return atOnce ? { ...reported, refusedAtOnce: true } : reported
  }

  #takeMessage(message: JsonObject, source: string): void {
    this.#findings.nameModel(message['model'])
    this.#findings.nameResponse(message['id'])
    const usage = objectOf(message['usage'])
    this.#usage = usage ?? null
    if (usage !== undefined) this.#cost = statedCost(usage, source)
  }

  #takeBlock(block: JsonObject | undefined): void {
    this.#produced ||= !goesOn(block)
    noteRun(block, this.#ran)
    addBlock(block, this.#findings)
  }

  /** Relays state what a call cost here as well: https://github.com/BerriAI/litellm/issues/15102 */
  #takeDelta(json: JsonObject, source: string): void {
    const delta = objectOf(json['delta'])
    this.#refused ||= isUnbilledRefusal(delta)
    const reported = objectOf(json['usage'])
    this.#usage = merged(this.#usage, reported)
    const stated = reported === undefined ? nothingStated : statedCost(reported, source)
    if (stated !== nothingStated) this.#cost = stated
    this.#toldInDelta = true
    // One or more of them may come, and only the last says why the answer ended.
    if (textOf(delta?.['stop_reason']) !== undefined) this.#findings.usageFinal = true
  }
}

/** Says no more than that another model goes on. */
function goesOn(block: JsonObject | undefined): boolean {
  return block?.['type'] === 'fallback'
}

/**
 * Of what is refused before any output, these kinds are not billed, and those without a kind; others are:
 * https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback
 */
const unbilledKinds: ReadonlySet<unknown> = new Set([undefined, null, 'cyber', 'general_harms'])

function isUnbilledRefusal(said: JsonObject | undefined): boolean {
  return said?.['stop_reason'] === 'refusal' && unbilledKinds.has(objectOf(said['stop_details'])?.['category'])
}

/** A later report replaces the fields that it has, and only these: old streams end with nothing but `output_tokens`. */
function merged(before: JsonObject | null, after: JsonObject | undefined): JsonObject | null {
  if (after === undefined) return before
  const result: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(after)) if (value !== null) result[name] = value
  return result
}

function without(object: JsonObject, name: string): JsonObject {
  const { [name]: _, ...rest } = object
  return rest
}

/** A stream begins with a digit or two of output, whatever follows, and where it counts tools, from before any has run. */
function withoutProvisional(usage: JsonObject): JsonObject {
  const begun = without(usage, 'output_tokens')
  const counted = otherCounts(objectOf(usage['server_tool_use']), new Set())
  return counted === undefined ? without(begun, 'server_tool_use') : begun
}

function messagesUsage(usage: JsonObject, findings: Findings, ran: ToolRuns): ReportedUsage {
  const top = passUsage(usage)
  const passes = objectsOf(usage['iterations']).map((pass) =>
    present<ReportedPass>({
      type: textOf(pass['type']),
      model: nameOf(pass['model']) ?? findings.model ?? undefined,
      ...passUsage(pass),
    }),
  )
  const serverTools = objectOf(usage['server_tool_use'])
  const serviceTier = textOf(usage['service_tier'])
  if (serviceTier !== undefined) findings.serviceTier = serviceTier
  const geo = nameOf(usage['inference_geo'])
  return present<ReportedUsage>({
    ...(saysMore(passes, top, findings.model)
      ? { ...sumOfPasses(passes), iterations: passes, topLevel: withoutSplit(top) }
      : top),
    reasoningTokens: countOf(objectOf(usage['output_tokens_details'])?.['thinking_tokens']),
    webSearchRequests: runsOf(serverTools?.['web_search_requests'], ran.searches, findings),
    webFetchRequests: runsOf(serverTools?.['web_fetch_requests'], ran.fetches, findings),
    codeExecutionRequests: runsOf(serverTools?.['code_execution_requests'], ran.codeRuns, findings),
    serverToolRequests: otherCounts(serverTools, countedTools),
    serviceTier,
    inferenceGeo: geo === 'not_available' ? undefined : geo,
    speed: textOf(usage['speed']),
  })
}

const countedTools: ReadonlySet<string> = new Set([
  ...['web_search_requests', 'web_fetch_requests', 'code_execution_requests'],
  // Free beside its tokens: https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
  'tool_search_requests',
])

/** What tools of the provider did, by their results: for streams that break off, and relays that leave the counts out. */
interface ToolRuns {
  searches: number
  fetches: number
  codeRuns: number
}

/** A search that failed is not billed: https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool */
function noteRun(block: JsonObject | undefined, ran: ToolRuns): void {
  const type = textOf(block?.['type'])
  if (type?.endsWith('_tool_result') !== true) return
  if (type === 'web_search_tool_result') ran.searches += Array.isArray(block?.['content']) ? 1 : 0
  else if (type === 'web_fetch_tool_result') ran.fetches += 1
  else if (type.endsWith('code_execution_tool_result')) ran.codeRuns += 1
}

/** By the report, unless the answer has shown more since. */
function runsOf(reported: unknown, shown: number, { usageFinal }: Findings): number | undefined {
  const count = countOf(reported)
  return shown > (count ?? 0) && (count === undefined || !usageFinal) ? shown : count
}

function withoutSplit({ cacheWrite5mTokens: _, cacheWrite1hTokens: __, ...rest }: ReportedPass): ReportedPass {
  return rest
}

/** `input_tokens` leaves cache reads and writes out: the whole is their sum. */
function passUsage(usage: JsonObject): ReportedPass {
  const cached = countOf(usage['cache_read_input_tokens'])
  const written = countOf(usage['cache_creation_input_tokens'])
  const uncached = countOf(usage['input_tokens'])
  return present<ReportedPass>({
    inputTokens: uncached === undefined ? undefined : sumOf(uncached, cached, written),
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    ...splitOfWrites(objectOf(usage['cache_creation']), written),
    outputTokens: countOf(usage['output_tokens']),
  })
}

/**
 * Cache writes by lifetime. In a stream the split may be older than the total (it stands in `message_start` only): what
 * was written since then has the lifetime that the split knows, five minutes where it knows both.
 */
function splitOfWrites(split: JsonObject | undefined, total: number | undefined): ReportedPass {
  const short = countOf(split?.['ephemeral_5m_input_tokens'])
  const long = countOf(split?.['ephemeral_1h_input_tokens'])
  if (short === undefined || long === undefined || total === undefined || short + long === total) {
    return present<ReportedPass>({ cacheWrite5mTokens: short, cacheWrite1hTokens: long })
  }
  const keepsLong = short === 0 && long > 0 ? total : Math.min(long, total)
  return { cacheWrite5mTokens: total - keepsLong, cacheWrite1hTokens: keepsLong }
}

/**
 * Whether the passes are to be added up: with several, the plain fields leave some out (compaction, the advisor). One
 * alone repeats the plain fields, except where they do not count it at all, or where it is another model's.
 */
function saysMore(passes: readonly ReportedPass[], top: ReportedPass, model: string | null): boolean {
  const [first] = passes
  if (first === undefined) return false
  if (passes.length > 1 || (first.model !== undefined && first.model !== model)) return true
  return first.type !== 'message' && (first.inputTokens !== top.inputTokens || first.outputTokens !== top.outputTokens)
}

const summed = [
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'outputTokens',
] as const

function sumOfPasses(passes: readonly ReportedPass[]): ReportedPass {
  const sums: { -readonly [name in (typeof summed)[number]]?: number } = {}
  for (const name of summed) {
    const sum = sumOf(...passes.map((pass) => pass[name]))
    if (sum !== undefined) sums[name] = sum
  }
  return sums
}

function addDelta(delta: JsonObject | undefined, findings: Findings): void {
  if (delta === undefined) return
  findings.addText(delta['text'] ?? delta['partial_json'] ?? delta['thinking'] ?? delta['content'])
}

function addBlock(block: JsonObject | undefined, findings: Findings): void {
  switch (block?.['type']) {
    case 'text':
      findings.addText(block['text'])
      return
    case 'thinking':
      findings.addText(block['thinking'])
      return
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use': {
      findings.addText(block['name'])
      const input = objectOf(block['input'])
      // A stream opens the block with an empty input and sends it in deltas.
      if (input !== undefined && Object.keys(input).length > 0) findings.addText(JSON.stringify(input))
    }
  }
}

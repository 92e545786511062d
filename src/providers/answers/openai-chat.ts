import type { ReportedUsage } from '#core/usage/reported.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { Accent } from './accents.ts'
import { errorIn } from './errors.ts'
import { type AnswerReader, type Findings, shownUsage } from './findings.ts'
import { objectOf, objectsOf, textOf } from './json.ts'
import { chatUsage } from './openai-usage.ts'
import { nothingStated, type StatedCost, statedCost } from './stated-cost.ts'

/** Reads chat completions and completions. */
export function createChatReader(findings: Findings, accent: Accent): AnswerReader {
  return new ChatReader(findings, accent)
}

class ChatReader implements AnswerReader {
  readonly #findings: Findings
  readonly #accent: Accent
  #usage: JsonObject | null = null
  #cost: StatedCost = nothingStated

  constructor(findings: Findings, accent: Accent) {
    this.#findings = findings
    this.#accent = accent
  }

  event(json: JsonObject, source: string): void {
    const findings = this.#findings
    const reports = this.#note(json, source)
    const choices = json['choices']
    if (!Array.isArray(choices)) {
      if (json['object'] === 'error' || json['type'] === 'error') findings.error ??= errorIn(json)
      return
    }
    let finishes = false
    for (const choice of choices) if (isObject(choice)) finishes = readDelta(choice, findings, this.#accent) || finishes
    // Some report in every chunk, growing: it is the last word where the answer is over or no choice comes with it.
    if (reports || finishes) {
      findings.usageFinal = findings.complete || findings.error !== null || choices.length === 0
    }
  }

  whole(json: JsonObject, source: string): void {
    const findings = this.#findings
    this.#note(json, source)
    const choices = json['choices']
    for (const choice of objectsOf(choices)) {
      findings.addText(choice['text'])
      addMessage(objectOf(choice['message']), findings)
    }
    findings.complete = Array.isArray(choices)
  }

  usage(): ReportedUsage | null {
    if (this.#usage === null) return null
    const { model, serviceTier, shown } = this.#findings
    const usage = shown === null ? this.#counted(model) : { ...this.#counted(model), ...shownUsage(shown) }
    if (serviceTier === undefined && this.#cost === nothingStated) return usage
    const tier = serviceTier === undefined ? {} : { serviceTier }
    return { ...usage, ...this.#cost, ...tier } satisfies ReportedUsage
  }

  #counted(model: string | null): ReportedUsage {
    return chatUsage(this.#usage ?? {}, this.#accent, model)
  }

  /** True where the JSON reports usage. */
  #note(json: JsonObject, source: string): boolean {
    const findings = this.#findings
    findings.nameModel(json['model'])
    findings.nameResponse(json['id'])
    // Several chunks may report, growing or repeating themselves: the last one counts. Groq may say it to itself only.
    const reported = objectOf(json['usage']) ?? objectOf(objectOf(json['x_groq'])?.['usage'])
    if (reported !== undefined) {
      this.#usage = reported
      this.#cost = statedCost(reported, source)
    }
    const tier = json['service_tier'] ?? reported?.['service_tier']
    if (typeof tier === 'string' && tier !== '') findings.serviceTier = tier
    if (json['error'] !== undefined && json['error'] !== null) {
      findings.error = errorIn(json)
      findings.ended = true
    }
    return reported !== undefined
  }
}

/**
 * What chunks have around what they say, and what says no more than how the answer was made: of OpenRouter, Cerebras,
 * llama.cpp, Groq, Fireworks, Dynamo, Azure.
 */
const envelope: ReadonlySet<string> = new Set([
  ...['id', 'object', 'created', 'model', 'choices', 'usage', 'service_tier', 'system_fingerprint', 'obfuscation'],
  ...['provider', 'time_info', 'timings', 'x_groq', 'stats', 'perf_metrics', 'nvext', 'sla_metrics'],
  ...['prompt_filter_results', 'nonce'],
])

/**
 * The chunk that `stream_options.include_usage` adds: usage and no choice. One that says anything else (a choice,
 * citations, a moderation) must pass.
 */
export function isUsageChunk(json: JsonObject): boolean {
  const choices = json['choices']
  if (!Array.isArray(choices) || choices.length > 0 || !isObject(json['usage'])) return false
  return Object.keys(json).every((name) => envelope.has(name) || saysNothing(json[name]))
}

function saysNothing(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

/** True where the choice is finished. */
function readDelta(choice: JsonObject, findings: Findings, accent: Accent): boolean {
  findings.addText(choice['text'])
  addMessage(objectOf(choice['delta']), findings)
  if (textOf(choice['finish_reason']) === undefined) return false
  // Without a [DONE] this is all the end that the stream has; with one, [DONE] is still to come.
  findings.complete = findings.error === null
  if (accent.endsWithoutDone === true) findings.ended = true
  return true
}

/** A message or a piece of one: its fields are the same. */
function addMessage(message: JsonObject | undefined, findings: Findings): void {
  if (message === undefined) return
  const content = message['content']
  if (typeof content === 'string') findings.addText(content)
  else for (const part of objectsOf(message['content'])) findings.addText(part['text'])
  findings.addText(message['refusal'])
  findings.addText(message['reasoning_content'] ?? message['reasoning'])
  findings.addText(objectOf(message['audio'])?.['transcript'])
  if (Array.isArray(message['annotations'])) noteCitations(message['annotations'], findings)
  if (Array.isArray(message['executed_tools'])) noteTools(message['executed_tools'], findings)
  if (Array.isArray(message['images']) && message['images'].length > 0) findings.shows().pictures = true
  if (message['tool_calls'] !== undefined) {
    for (const call of objectsOf(message['tool_calls'])) {
      addCall(objectOf(call['function']), findings)
      findings.addText(objectOf(call['custom'])?.['input'])
    }
  }
  if (message['function_call'] !== undefined) addCall(objectOf(message['function_call']), findings)
}

/** Pages of the web are cited by who has searched it: https://platform.openai.com/docs/guides/tools-web-search */
function noteCitations(annotations: readonly unknown[], findings: Findings): void {
  if (objectsOf(annotations).some(({ type }) => type === 'url_citation')) findings.shows().searches = true
}

/** What Groq ran by itself, told again as it goes on: https://console.groq.com/docs/agentic-tooling */
function noteTools(tools: readonly unknown[], findings: Findings): void {
  for (const { index, type } of objectsOf(tools)) {
    if (type === 'python' || type === 'code_execution') findings.shows().codeRuns.add(index)
    else findings.shows().searches = true
  }
}

function addCall(call: JsonObject | undefined, findings: Findings): void {
  findings.addText(call?.['name'])
  findings.addText(call?.['arguments'])
}

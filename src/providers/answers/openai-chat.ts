import type { ReportedUsage } from '#core/usage/reported.ts'
import type { Accent } from './accents.ts'
import { errorIn } from './errors.ts'
import type { AnswerReader, Findings } from './findings.ts'
import { isObject, type JsonObject, objectIn, objectsIn, textIn } from './json.ts'
import { chatUsage } from './openai-usage.ts'
import { type StatedCost, statedCost } from './stated-cost.ts'

/** Reads chat completions and completions. */
export function createChatReader(findings: Findings, accent: Accent): AnswerReader {
  let usage: JsonObject | null = null
  let cost: StatedCost = {}

  /** True where the JSON reports usage. */
  const note = (json: JsonObject, source: string): boolean => {
    findings.nameModel(json['model'])
    findings.nameResponse(json['id'])
    // Several chunks may report, growing or repeating themselves: the last one counts. Groq may say it to itself only.
    const reported = objectIn(json, 'usage') ?? objectIn(objectIn(json, 'x_groq'), 'usage')
    if (reported !== undefined) {
      usage = reported
      cost = statedCost(reported, source)
    }
    const tier = json['service_tier'] ?? reported?.['service_tier']
    if (typeof tier === 'string' && tier !== '') findings.serviceTier = tier
    if (json['error'] !== undefined && json['error'] !== null) {
      findings.error = errorIn(json)
      findings.ended = true
    }
    return reported !== undefined
  }

  return {
    event(json, source) {
      const reports = note(json, source)
      const choices = json['choices']
      if (!Array.isArray(choices)) {
        if (json['object'] === 'error' || json['type'] === 'error') findings.error ??= errorIn(json)
        return
      }
      let finishes = false
      for (const choice of choices) if (isObject(choice)) finishes = readDelta(choice, findings, accent) || finishes
      // Some report in every chunk, growing: it is the last word where the answer is over or no choice comes with it.
      if (reports || finishes) {
        findings.usageFinal = findings.complete || findings.error !== null || choices.length === 0
      }
    },
    whole(json, source) {
      note(json, source)
      for (const choice of objectsIn(json, 'choices')) {
        findings.addText(choice['text'])
        addMessage(objectIn(choice, 'message'), findings)
      }
      findings.complete = Array.isArray(json['choices'])
    },
    usage() {
      if (usage === null) return null
      const tier = findings.serviceTier === undefined ? {} : { serviceTier: findings.serviceTier }
      return { ...chatUsage(usage, accent, findings.model), ...cost, ...tier } satisfies ReportedUsage
    },
  }
}

/** The chunk that `stream_options.include_usage` adds: usage and no choice. One with a choice says more and must pass. */
export function isUsageChunk(json: JsonObject): boolean {
  const choices = json['choices']
  return Array.isArray(choices) && choices.length === 0 && isObject(json['usage']) && !json['error']
}

/** True where the choice is finished. */
function readDelta(choice: JsonObject, findings: Findings, accent: Accent): boolean {
  findings.addText(choice['text'])
  addMessage(objectIn(choice, 'delta'), findings)
  if (textIn(choice, 'finish_reason') === undefined) return false
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
  else for (const part of objectsIn(message, 'content')) findings.addText(part['text'])
  findings.addText(message['refusal'])
  findings.addText(message['reasoning_content'] ?? message['reasoning'])
  findings.addText(objectIn(message, 'audio')?.['transcript'])
  if (message['tool_calls'] !== undefined) {
    for (const call of objectsIn(message, 'tool_calls')) {
      addCall(objectIn(call, 'function'), findings)
      findings.addText(objectIn(call, 'custom')?.['input'])
    }
  }
  if (message['function_call'] !== undefined) addCall(objectIn(message, 'function_call'), findings)
}

function addCall(call: JsonObject | undefined, findings: Findings): void {
  findings.addText(call?.['name'])
  findings.addText(call?.['arguments'])
}

import { type CallToBound, callBounds, mediaOutputOf } from './call-bounds.ts'
import { knowsLimits, usesToolsUnasked } from './model-limits.ts'
import type { OpenPart } from './requests/open-parts.ts'
import { addedOutputLimit } from './requests/output-limit.ts'
import type { RequestReach } from './requests/reach.ts'

/** Why nothing bounds a call, and what its caller can do about it. */
export interface OpenEnd {
  /** A clause: `the provider uses "web_search" as often as it sees fit`. */
  readonly why: string
  /** What is to be set for a bound; null = nothing can be. */
  readonly remedy: string | null
}

/** All reasons why a call has no bound; none where it has one. */
export function openEnds(call: CallToBound): readonly OpenEnd[] {
  const { match, facts, reach, model } = call
  const ends: OpenEnd[] = []
  const models = [model, ...reach.fallbacks.map((fallback) => fallback.model)]
  for (const name of models.filter(usesToolsUnasked))
    ends.push(end(`the model "${name}" searches as often as it sees fit`, null))
  for (const part of reach.openParts) ends.push(endOf(part))
  for (const { name, most, otherModel, limitedBy } of reach.serverTools) {
    if (otherModel) ends.push(end(`"${name}" is billed by a model of its own`, null))
    else if (most === null) {
      ends.push(
        end(`the provider uses "${name}" as often as it sees fit`, limitedBy === null ? null : `"${limitedBy}"`),
      )
    }
  }
  const media = mediaOutputOf(match)
  if (media !== null) ends.push(end(`nobody says how many tokens ${media} will be`, null))
  if (match.endpoint === 'audio.transcriptions' || match.endpoint === 'audio.translations') {
    ends.push(end('it is billed by the length of its sound', null))
  }
  if (ends.length === 0 && callBounds(call).guessed) {
    const unknown = models.find((name) => !knowsLimits(name)) ?? model
    const why = `nothing is known of what the model "${unknown}" reads and writes at most`
    const open = facts.outputLimitTokens === null && reach.pictures === 0 && !reach.inputUnbounded
    const limit = open ? addedOutputLimit('', match) : null
    ends.push(end(why, limit === null ? null : `"${limit === 'generationConfig' ? 'maxOutputTokens' : limit}"`))
  }
  return ends
}

function endOf(part: OpenPart): OpenEnd {
  switch (part) {
    case 'models':
    case 'fallback_models':
    case 'route':
    case 'preset':
    case 'providerOptions':
    case 'fallbacks':
    case 'routingConfig':
    case 'modelSelectionConfig':
      return end('other models may answer, whichever the provider chooses', `no "${part}"`)
    case 'thread':
      return end('a thread keeps tools, which may be of the provider', 'the whole conversation in place of "thread"')
    case 'prompt':
      return end('a stored prompt has settings and tools of its own', 'its text in place of "prompt"')
    case 'cachedContent':
      return end('what is cached may have tools of the provider', 'the content in place of "cachedContent"')
    case 'multi_agent':
      return end('the provider begins as many agents as it sees fit', 'no "multi_agent"')
    case 'context_management':
    case 'compaction':
    case 'compaction_trigger':
      return end('the provider sums up the conversation as it sees fit', `no "${part}"`)
    case 'skills':
      return end('skills bring along what nobody says the length of', 'no "skills"')
  }
}

/** The same request with one use of each tool of the provider, as far as its caller could say so. */
export function leastUses(reach: RequestReach): RequestReach {
  const serverTools = reach.serverTools.map((tool) => {
    return tool.most === null && tool.limitedBy !== null ? { ...tool, most: 1 } : tool
  })
  const together = serverTools.some(({ limitedBy }) => limitedBy === 'max_tool_calls')
  const uses = together ? 1 : serverTools.reduce((sum, { most }) => sum + (most ?? 0), 0)
  const open = reach.openParts.length > 0 || serverTools.some(({ most, otherModel }) => most === null || otherModel)
  return { ...reach, serverTools, passes: open ? null : uses + 1 }
}

function end(why: string, remedy: string | null): OpenEnd {
  return { why, remedy }
}

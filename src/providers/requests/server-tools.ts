import type { UnitName } from '#core/usage/units.ts'
import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { count, said } from './body-members.ts'
import type { Brought } from './text-size.ts'

export interface ServerTool {
  /** As the request calls it. */
  readonly name: string
  readonly unit: UnitName | null
  readonly most: number | null
  /** The setting by which a caller can say how many; null = there is none. */
  readonly limitedBy: 'max_uses' | 'max_tool_calls' | null
  /** It is billed by the price of a model of its own. */
  readonly otherModel: boolean
}

const none: readonly JsonObject[] = []

/**
 * All tools that the model is told of: those that a request begins with, and those that its conversation brings along
 * later, in what both APIs that have it call additions and results of searches for tools.
 */
export function toolsIn(root: JsonObject, brought: readonly Brought[]): readonly JsonObject[] {
  if (root['tools'] === undefined && brought.length === 0) return none
  const tools: JsonObject[] = []
  // Google takes one value where a list is wanted.
  for (const given of [root['tools'], ...brought.map(({ tools: later }) => later)]) {
    for (const tool of Array.isArray(given) ? given : [given]) if (isObject(tool)) tools.push(tool)
  }
  return tools
}

export function serverToolsOf(
  match: EndpointMatch,
  root: JsonObject,
  { tools: given, allUses }: { readonly tools: readonly JsonObject[]; readonly allUses: number | null },
): readonly ServerTool[] {
  const tools = given.flatMap((tool) => serverToolsIn(match, tool))
  // Members beside `tools` that have the provider search: of OpenAI, OpenRouter and xAI.
  if (said(root['web_search_options'])) tools.push(searchTool(match, 'web_search_options'))
  if (said(root['plugins'])) tools.push(searchTool(match, 'plugins'))
  if (said(root['search_parameters'])) tools.push(searchTool(match, 'search_parameters'))
  if (said(root['mcp_servers'])) tools.push(serverTool(match, 'mcp_servers', null))
  // One limit for all of OpenAI's tools together: none of them is used more often.
  return allUses === null ? tools : tools.map((tool) => ({ ...tool, most: allUses }))
}

function searchTool(match: EndpointMatch, name: string): ServerTool {
  return { ...serverTool(match, name, null), unit: 'web_search' }
}

function serverTool({ dialect, endpoint }: EndpointMatch, name: string, most: number | null): ServerTool {
  const otherModel = /^(?:image_generation|advisor)/.test(name)
  const ofResponses = endpoint === 'responses' && !otherModel ? 'max_tool_calls' : null
  const limitedBy = dialect === 'anthropic' ? (hasMaxUses.test(name) ? 'max_uses' : null) : ofResponses
  return { name, unit: unitOf(name), most, limitedBy, otherModel }
}

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: of all tools, these have `max_uses`. */
const hasMaxUses = /^web_(?:search|fetch)_/

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference: those that the caller runs. */
const anthropicClientTool = /^(?:custom|bash_|text_editor_|computer_|memory_|browser_)/
/** https://platform.openai.com/docs/guides/tools, and what others call a function. */
const openaiClientTool = /^(?:function|custom|namespace|local_shell|apply_patch|computer)/

function serverToolsIn(match: EndpointMatch, tool: JsonObject): readonly ServerTool[] {
  if (match.dialect === 'google') {
    return Object.keys(tool).flatMap((name) => {
      if (/^(?:functionDeclarations|function_declarations|computerUse|computer_use)$/.test(name)) return []
      return [serverTool(match, name, null)]
    })
  }
  const { type } = tool
  // Most are functions of the caller's.
  if (typeof type !== 'string' || type === 'function') return noTools
  if ((match.dialect === 'anthropic' ? anthropicClientTool : openaiClientTool).test(type)) return noTools
  const limited = match.dialect === 'anthropic' && hasMaxUses.test(type)
  return [serverTool(match, type, limited ? count(tool['max_uses']) : null)]
}

const noTools: readonly ServerTool[] = []

function unitOf(tool: string): UnitName | null {
  if (/^web_search_preview/.test(tool)) return 'web_search_preview'
  if (/^file_search/.test(tool)) return 'file_search'
  if (/search/i.test(tool) && !/file|tool/i.test(tool)) return 'web_search'
  return /^code_?(?:execution|interpreter)/i.test(tool) ? 'code_execution' : null
}

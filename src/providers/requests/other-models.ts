import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { geminiConfig } from './body-members.ts'
import { noOtherModels, type OtherModel } from './facts.ts'

/**
 * The models that a JSON body names beside its `model`. Sources: https://openrouter.ai/docs (`models`, `route`, `preset`,
 * `plugins`, server tools), https://platform.openai.com/docs/guides/tools-image-generation,
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use (advisor), https://console.groq.com/docs/compound
 * (`compound_custom`), https://docs.litellm.ai/docs/proxy/client_side_fallbacks, https://vercel.com/docs/ai-gateway
 * (`providerOptions`). Relays invent more: so every member that is not known to be something else is looked into, and
 * whatever is called a model, or a fallback, is taken for one.
 */
export function otherModels({ dialect }: EndpointMatch, root: JsonObject): readonly OtherModel[] {
  let found: OtherModel[] | null = null
  for (const name in root) {
    if (usual.has(name) || (name === 'route' && isOfList(root))) continue
    found ??= []
    collect(name, root[name], found)
  }
  const { tools, model } = root
  if (Array.isArray(tools) && tools.length > 0 && dialect !== 'google') {
    found ??= []
    for (const [index, tool] of tools.entries()) if (isObject(tool)) collectTool(`tools[${index}]`, tool, found)
  }
  if (dialect === 'google') {
    const routing = routingOf(root)
    if (routing !== undefined) {
      found ??= []
      collect('generationConfig', { routing }, found)
    }
  }
  // A preset of OpenRouter's, by name: what is in it nobody here knows.
  if (typeof model === 'string' && model.includes('@preset/'))
    return [...(found ?? noOtherModels), { path: 'model', name: null }]
  return found === null || found.length === 0 ? noOtherModels : found
}

/** OpenRouter's `route` says how to go through `models`, and has it choose some where there are none. */
function isOfList({ route, models }: JsonObject): boolean {
  return typeof route === 'string' && Array.isArray(models) && models.length > 0
}

/**
 * Members of the APIs served in which no model is named, or none that is called: texts, schemas, what the caller keeps,
 * and those that are read elsewhere.
 */
const usual: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'input', 'instructions', 'system', 'prompt', 'suffix', 'texts', 'documents', 'query'],
  ...['contents', 'content', 'systemInstruction', 'system_instruction', 'safetySettings', 'safety_settings'],
  ...['generationConfig', 'generation_config', 'requests', 'generateContentRequest', 'labels'],
  ...[
    'stream',
    'stream_options',
    'metadata',
    'store',
    'user',
    'n',
    'best_of',
    'echo',
    'seed',
    'stop',
    'stop_sequences',
  ],
  ...['temperature', 'top_p', 'top_k', 'min_p', 'frequency_penalty', 'presence_penalty', 'logit_bias', 'logprobs'],
  ...['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'max_tool_calls', 'top_logprobs', 'truncation'],
  ...['tools', 'tool_choice', 'toolConfig', 'tool_config', 'parallel_tool_calls', 'functions', 'function_call'],
  ...['response_format', 'text', 'output_format', 'output_config', 'modalities', 'audio', 'voice', 'prediction'],
  ...['reasoning', 'reasoning_effort', 'thinking', 'verbosity', 'service_tier', 'background', 'include'],
  // Free, whatever does it.
  'moderation',
  // Schemas and labels of relays.
  ...['guided_json', 'guided_regex', 'guided_choice', 'guided_grammar', 'structured_outputs', 'chat_template_kwargs'],
  ...['client_metadata', 'litellm_metadata', 'extra_headers'],
  ...['previous_response_id', 'conversation', 'cachedContent', 'cached_content', 'dimensions', 'encoding_format'],
])

/** Of names in lower case, their words apart. */
const modelName = /(?:^|[_-])models?(?:[_-](?:names?|ids?))?$/
const fallbackName = /(?:^|[_-])fall_?backs?$/

/** More than these name nothing that anybody wants to be held to: the rest is the provider's choice. */
const mostNames = 1_000

interface Open {
  readonly name: string
  readonly value: unknown
}

/** What a member names, and whatever is within it. Does not recurse: nesting is the caller's to choose. */
function collect(path: string, value: unknown, found: OtherModel[]): void {
  if (value === undefined || value === null) return
  const before = found.length
  const open: Open[] = [{ name: path, value }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.length - before > mostNames) {
      found.push({ path, name: null })
      return
    }
    take(path, next, { open, found })
  }
  if (isLeftOpen(path, value, found.length > before)) found.push({ path, name: null })
}

/** Whether the provider chooses in spite, or for want, of what is named. */
function isLeftOpen(path: string, value: unknown, named: boolean): boolean {
  const name = path.toLowerCase()
  if (name === 'preset') return true
  if (name === 'route') return !named
  return name === 'plugins' && !named && Array.isArray(value) && value.some(callsModels)
}

function take(path: string, { name, value }: Open, { open, found }: { open: Open[]; found: OtherModel[] }): void {
  const names = namesModels(name)
  if (typeof value === 'string') {
    if (names && value !== '') found.push({ path, name: value })
  } else if (Array.isArray(value)) {
    // A list has the name of its member.
    for (const item of value) open.push({ name: names ? name : '', value: item })
  } else if (isObject(value)) {
    // `models: {answering: …}`, but not each text of `fallbacks: [{model: …, messages: …}]`.
    const each = names && /models$/i.test(name)
    for (const key in value) open.push({ name: each && typeof value[key] === 'string' ? name : key, value: value[key] })
  }
}

function namesModels(name: string): boolean {
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
  return modelName.test(words) || fallbackName.test(words)
}

/** Of these the provider calls a model, its own choice where none is named. */
const modelTool = /image_generation|advisor|fusion|subagent/

function callsModels(plugin: unknown): boolean {
  return isObject(plugin) && typeof plugin['id'] === 'string' && modelTool.test(plugin['id'])
}

function collectTool(path: string, tool: JsonObject, found: OtherModel[]): void {
  const { type } = tool
  // Most are functions of the caller's, whose schemas may speak of models as of anything else.
  if (typeof type !== 'string' || type === 'function' || type === 'custom') return
  if (type === 'namespace' && Array.isArray(tool['tools'])) {
    for (const inner of tool['tools']) {
      // Not within one another, as OpenAI has it.
      if (isObject(inner) && inner['type'] === 'namespace') found.push({ path, name: null })
      else if (isObject(inner)) collectTool(path, inner, found)
    }
    return
  }
  const before = found.length
  for (const name in tool) {
    if (name === 'type' || name === 'name' || name === 'description') continue
    const inner: OtherModel[] = []
    collect(name, tool[name], inner)
    for (const { name: model } of inner) found.push({ path, name: model })
  }
  if (found.length === before && modelTool.test(type)) found.push({ path, name: null })
}

/** Vertex AI's model router. */
function routingOf(root: JsonObject): unknown {
  const config = geminiConfig(root)
  return config?.['routingConfig'] ?? config?.['routing_config'] ?? config?.['modelConfig']
}

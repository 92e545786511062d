import { type Ask, type Format, type ToolChoice, toolsFrom } from '../ask.ts'
import type { CacheShare } from '../generate.ts'
import { isObject, type Json, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../models.ts'
import { stopsOf } from '../openai/ask.ts'
import type { PromptCache } from '../prompt-cache.ts'
import { hash32 } from '../random.ts'
import { Refusal } from '../refusal.ts'
import { countTokens } from '../text.ts'

/** Where a caller put `cache_control`: everything up to here may be kept. */
interface Breakpoint {
  readonly tokens: number
  readonly hash: number
  readonly ttl: '5m' | '1h'
}

interface Walk {
  tokens: number
  hash: number
  prompt: string
  answersTool: boolean
  readonly breakpoints: Breakpoint[]
}

interface MessagesAsk {
  readonly ask: Ask
  readonly breakpoints: readonly Breakpoint[]
}

/**
 * Reads the body of a messages call. A prompt is tools, then system, then messages: the order in which caches match.
 *
 * @throws Refusal (400) without messages.
 */
export function askFromMessages(body: JsonObject, model: Model): MessagesAsk {
  const messages = body['messages']
  if (!Array.isArray(messages) || messages.length === 0) throw new Refusal(400, 'messages: Field required')
  const walk: Walk = { tokens: 3, hash: 0, prompt: '', answersTool: false, breakpoints: [] }
  const tools = objectsOf(body['tools'])
  for (const tool of tools) addBlock(walk, tool, JSON.stringify(withoutControl(tool)))
  const system = body['system']
  if (typeof system === 'string') addText(walk, system)
  else for (const block of objectsOf(system)) addContent(walk, block)
  for (const message of messages) if (isObject(message)) addMessage(walk, message)
  const own = tools.filter((tool) => tool['input_schema'] !== undefined)
  const ask: Ask = {
    model,
    prompt: walk.prompt,
    answersTool: walk.answersTool,
    inputTokens: walk.tokens,
    imageInputTokens: 0,
    audioInputTokens: 0,
    tools: toolsFrom(own, 'input_schema'),
    toolChoice: toolChoiceOf(body['tool_choice']),
    parallelTools: !(isObject(body['tool_choice']) && body['tool_choice']['disable_parallel_tool_use'] === true),
    format: formatOf(body),
    maxOutputTokens: numberOf(body['max_tokens']),
    choices: 1,
    reasoningTokens: thinkingOf(body['thinking']),
    searchesWeb: tools.some((tool) => textOf(tool['type'])?.startsWith('web_search') ?? false),
    stop: stopsOf(body['stop_sequences']),
  }
  return { ask, breakpoints: walk.breakpoints }
}

/**
 * What the cache gives and takes: the longest prefix that is still kept is read, what follows it up to the last
 * breakpoint is written, each stretch at the life time of the breakpoint it ends at. Prefixes below the minimum of
 * https://docs.claude.com/en/docs/build-with-claude/prompt-caching are left alone.
 */
export function shareCache(cache: PromptCache, scope: string, asked: MessagesAsk, nowMs: number): CacheShare {
  const minimum = asked.ask.model.name.includes('haiku') ? 4096 : 1024
  const usable = asked.breakpoints.filter((one) => one.tokens >= minimum)
  const share = { read: 0, write5m: 0, write1h: 0 }
  const keyOf = (one: Breakpoint) => `${scope}|${one.tokens}|${one.hash}`
  for (const one of usable) if (cache.has(keyOf(one), nowMs)) share.read = one.tokens
  let before = share.read
  for (const one of usable) {
    if (one.tokens > before) {
      if (one.ttl === '1h') share.write1h += one.tokens - before
      else share.write5m += one.tokens - before
      before = one.tokens
    }
    cache.keep(keyOf(one), nowMs + (one.ttl === '1h' ? 3_600_000 : 300_000))
  }
  return share
}

function addMessage(walk: Walk, message: JsonObject): void {
  walk.tokens += 4
  const isUser = message['role'] === 'user'
  if (isUser) walk.prompt = ''
  walk.answersTool = false
  const content = message['content']
  if (typeof content === 'string') {
    addText(walk, content)
    if (isUser) walk.prompt = content
    return
  }
  for (const block of objectsOf(content)) {
    addContent(walk, block)
    if (isUser && block['type'] === 'text') walk.prompt += textOf(block['text']) ?? ''
    if (block['type'] === 'tool_result') walk.answersTool = true
  }
}

function addContent(walk: Walk, block: JsonObject): void {
  const text = textOf(block['text'])
  if (text === null && block['type'] === 'image') {
    const source = block['source']
    const data = isObject(source) ? (textOf(source['data']) ?? textOf(source['url'])) : null
    // 1,092 × 1,092 pixels: (width × height) / 750, as the vision guide puts it.
    walk.tokens += 1590
    walk.hash = hash32(data ?? '', walk.hash)
    addBlock(walk, block, '')
  } else {
    addBlock(walk, block, text ?? JSON.stringify(withoutControl(block)))
  }
}

function addText(walk: Walk, text: string): void {
  walk.tokens += countTokens(text)
  walk.hash = hash32(text, walk.hash)
}

function addBlock(walk: Walk, block: JsonObject, text: string): void {
  addText(walk, text)
  const control = block['cache_control']
  if (!isObject(control)) return
  walk.breakpoints.push({ tokens: walk.tokens, hash: walk.hash, ttl: control['ttl'] === '1h' ? '1h' : '5m' })
}

function withoutControl(block: JsonObject): Json {
  const { cache_control: _control, ...rest } = block
  return rest
}

function toolChoiceOf(choice: unknown): ToolChoice {
  if (!isObject(choice)) return { kind: 'auto' }
  const name = textOf(choice['name'])
  if (choice['type'] === 'tool' && name !== null) return { kind: 'named', name }
  if (choice['type'] === 'any') return { kind: 'required' }
  return { kind: choice['type'] === 'none' ? 'none' : 'auto' }
}

function formatOf(body: JsonObject): Format {
  const config = body['output_config']
  const format = isObject(config) ? config['format'] : body['output_format']
  if (!isObject(format) || format['type'] !== 'json_schema') return { kind: 'text' }
  return { kind: 'schema', schema: format['schema'] ?? {} }
}

function thinkingOf(thinking: unknown): number | null {
  if (!isObject(thinking)) return 0
  if (thinking['type'] === 'disabled') return 0
  return numberOf(thinking['budget_tokens']) ?? 128
}

import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { geminiConfig, said } from './body-members.ts'
import type { Brought } from './text-size.ts'

/** Parts of a request beside its tools that leave a call without a bound, by the names that they have in it. */
export type OpenPart =
  // Other models answer, and which ones the provider chooses.
  | 'models'
  | 'fallback_models'
  | 'route'
  | 'preset'
  | 'providerOptions'
  | 'fallbacks'
  | 'routingConfig'
  | 'modelSelectionConfig'
  // What the provider keeps of earlier calls may have tools of the provider.
  | 'thread'
  | 'prompt'
  | 'cachedContent'
  // Passes and agents of which nobody says how many there are.
  | 'multi_agent'
  | 'context_management'
  | 'compaction'
  | 'compaction_trigger'
  | 'skills'

const none: readonly OpenPart[] = []

/** Each is looked for where its API has it: a look for what is not there is what most requests pay for. */
export function openPartsOf(
  { dialect, endpoint }: EndpointMatch,
  root: JsonObject,
  { openFallbacks, brought }: { readonly openFallbacks: boolean; readonly brought: readonly Brought[] },
): readonly OpenPart[] {
  if (dialect === 'google') return openInGemini(root)
  const parts: OpenPart[] = []
  if (said(root['models'])) parts.push('models')
  // Of relays: https://openrouter.ai/docs/features/presets, https://vercel.com/docs/ai-gateway/provider-options.
  if (said(root['fallback_models'])) parts.push('fallback_models')
  if (said(root['route'])) parts.push('route')
  if (said(root['preset'])) parts.push('preset')
  if (said(root['providerOptions'])) parts.push('providerOptions')
  if (openFallbacks) parts.push('fallbacks')
  if (said(root['context_management'])) parts.push('context_management')
  if (dialect === 'anthropic') {
    if (continuesThread(root['thread'])) parts.push('thread')
    if (said(root['compaction'])) parts.push('compaction')
    if (isObject(root['container']) && said(root['container']['skills'])) parts.push('skills')
  } else if (endpoint === 'responses') {
    if (isObject(root['prompt'])) parts.push('prompt')
    if (runsAgents(root['multi_agent'])) parts.push('multi_agent')
    if (brought.some(({ type }) => type === 'compaction_trigger')) parts.push('compaction_trigger')
  }
  return parts.length === 0 ? none : parts
}

function openInGemini(root: JsonObject): readonly OpenPart[] {
  const config = geminiConfig(root)
  const parts: OpenPart[] = []
  if (said(root['cachedContent'] ?? root['cached_content'])) parts.push('cachedContent')
  if (said(config?.['routingConfig'] ?? config?.['routing_config'])) parts.push('routingConfig')
  if (said(config?.['modelSelectionConfig'] ?? config?.['model_selection_config'])) parts.push('modelSelectionConfig')
  return parts
}

/** https://platform.claude.com/docs/en/build-with-claude/message-threads: what is kept are messages, system and tools. */
export function continuesThread(thread: unknown): boolean {
  return said(thread) && !(isObject(thread) && thread['type'] === 'create' && Object.keys(thread).length === 1)
}

function runsAgents(given: unknown): boolean {
  return said(given) && !(isObject(given) && given['enabled'] === false)
}

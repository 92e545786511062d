import { isObject } from './facts.ts'
import type { Brought } from './text-size.ts'

/** Parts of a request beside its tools that leave a call without a bound, by the names that they have in it. */
export type OpenPart =
  // Other models answer, and which ones the provider chooses.
  | 'models'
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

export function openPartsOf(
  root: Record<string, unknown>,
  config: Record<string, unknown> | null,
  { openFallbacks, brought }: { readonly openFallbacks: boolean; readonly brought: readonly Brought[] },
): readonly OpenPart[] {
  const parts: OpenPart[] = []
  if (said(root['models'])) parts.push('models')
  if (openFallbacks) parts.push('fallbacks')
  if (said(config?.['routingConfig'] ?? config?.['routing_config'])) parts.push('routingConfig')
  if (said(config?.['modelSelectionConfig'] ?? config?.['model_selection_config'])) parts.push('modelSelectionConfig')
  if (continuesThread(root)) parts.push('thread')
  if (isObject(root['prompt'])) parts.push('prompt')
  if (said(root['cachedContent'] ?? root['cached_content'])) parts.push('cachedContent')
  if (runsAgents(root['multi_agent'])) parts.push('multi_agent')
  if (said(root['context_management'])) parts.push('context_management')
  if (said(root['compaction'])) parts.push('compaction')
  if (brought.some(({ type }) => type === 'compaction_trigger')) parts.push('compaction_trigger')
  if (isObject(root['container']) && said(root['container']['skills'])) parts.push('skills')
  return parts
}

/** https://platform.claude.com/docs/en/build-with-claude/message-threads: what is kept are messages, system and tools. */
export function continuesThread({ thread }: Record<string, unknown>): boolean {
  return said(thread) && !(isObject(thread) && thread['type'] === 'create' && Object.keys(thread).length === 1)
}

function runsAgents(given: unknown): boolean {
  return said(given) && !(isObject(given) && given['enabled'] === false)
}

export function said(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

import { isObject, type JsonObject } from '#lib/json-object.ts'
import type { EndpointMatch } from '../endpoints.ts'
import { count } from './body-members.ts'

/** The member that limits the output of one answer; `generationConfig` holds Gemini's `maxOutputTokens`. */
export type OutputLimitField = 'max_tokens' | 'max_completion_tokens' | 'max_output_tokens' | 'generationConfig'

/** The members that a call of this kind may have; where several stand, the provider may take any. None = no output. */
export function outputLimitFields({
  dialect,
  endpoint,
}: Pick<EndpointMatch, 'dialect' | 'endpoint'>): readonly OutputLimitField[] {
  if (dialect === 'google') return endpoint === 'generateContent' ? fieldsOf.google : fieldsOf.none
  switch (endpoint) {
    case 'chat.completions':
      return fieldsOf.chat
    case 'completions':
    case 'messages':
      return fieldsOf.plain
    case 'responses':
      return fieldsOf.responses
    default:
      return fieldsOf.none
  }
}

const fieldsOf = {
  google: ['generationConfig'],
  chat: ['max_tokens', 'max_completion_tokens'],
  plain: ['max_tokens'],
  responses: ['max_output_tokens'],
  none: [],
} as const satisfies Readonly<Record<string, readonly OutputLimitField[]>>

/**
 * The member to add where the request has none. OpenAI's reasoning models refuse `max_tokens`
 * (https://platform.openai.com/docs/api-reference/chat/create); relays and DeepSeek know nothing else.
 */
export function addedOutputLimit(
  kind: string,
  match: Pick<EndpointMatch, 'dialect' | 'endpoint'>,
): OutputLimitField | null {
  const fields = outputLimitFields(match)
  if (kind === 'openai' && fields.includes('max_completion_tokens')) return 'max_completion_tokens'
  return fields[0] ?? null
}

/** The most output tokens that the caller lets one answer have: the greatest of what is said; null = nothing is. */
export function readOutputLimit(match: EndpointMatch, root: JsonObject): number | null {
  switch (outputLimitFields(match)) {
    case fieldsOf.chat:
      return greatest(count(root['max_tokens']), count(root['max_completion_tokens']))
    case fieldsOf.plain:
      return count(root['max_tokens'])
    case fieldsOf.responses:
      return count(root['max_output_tokens'])
    case fieldsOf.google:
      return greatest(limitIn(root['generationConfig']), limitIn(root['generation_config']))
    default:
      return null
  }
}

function limitIn(config: unknown): number | null {
  return isObject(config) ? greatest(count(config['maxOutputTokens']), count(config['max_output_tokens'])) : null
}

function greatest(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && b > a) ? b : a
}

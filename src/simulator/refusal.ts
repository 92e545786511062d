import type { JsonObject } from './json.ts'

/** Whose shape an error takes. */
export type Dialect = 'openai' | 'anthropic' | 'google'

/** A request this provider turns down, as a status; each dialect dresses it in its own body. */
export class Refusal extends Error {
  readonly status: number
  /** OpenAI's `code`. */
  readonly code: string | null
  readonly param: string | null

  constructor(status: number, message: string, code: string | null = null, param: string | null = null) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.param = param
  }
}

export function unknownModel(model: string): Refusal {
  return new Refusal(404, `The model \`${model}\` does not exist or you do not have access to it.`, 'model_not_found')
}

const openaiTypes: Readonly<Record<number, string>> = {
  429: 'requests',
  500: 'server_error',
  502: 'server_error',
  503: 'server_error',
  504: 'server_error',
}

const anthropicTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const googleStatuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** The error as the API called would put it. */
export function errorBody(dialect: Dialect, refusal: Refusal, requestId: string): JsonObject {
  const { status, message } = refusal
  switch (dialect) {
    case 'openai': {
      const type = openaiTypes[status] ?? 'invalid_request_error'
      const code = refusal.code ?? (status === 429 ? 'rate_limit_exceeded' : null)
      return { error: { message, type, param: refusal.param, code } }
    }
    case 'anthropic':
      return {
        type: 'error',
        error: { type: anthropicTypes[status] ?? 'api_error', message },
        request_id: requestId,
      }
    case 'google':
      return { error: { code: status, message, status: googleStatuses[status] ?? 'UNKNOWN' } }
  }
}

/** What an overloaded provider says when no other words were asked for. */
export function failureMessage(status: number): string {
  switch (status) {
    case 401:
      return 'Incorrect API key provided.'
    case 408:
      return 'Request timed out.'
    case 429:
      return 'Rate limit reached. Please try again later.'
    case 503:
      return 'The model is overloaded. Please try again later.'
    case 529:
      return 'Overloaded'
    default:
      return status >= 500 ? 'The server had an error while processing your request.' : 'The request was refused.'
  }
}

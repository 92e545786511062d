import type { Dialect } from './endpoints.ts'

/** An error of the gateway's own, before it is put into the shape of the API called. */
export interface ErrorFacts {
  readonly status: number
  /** Stable and machine-readable: `model_not_found`, `upstream_timeout`, … */
  readonly code: string
  readonly message: string
  /** Name of the field at fault, where there is one. */
  readonly param?: string
  readonly requestId?: string
}

/** The body of an error answer, as the SDKs of the API called expect it. JSON, UTF-8. */
export function shapeError(dialect: Dialect, error: ErrorFacts): Buffer {
  return Buffer.from(JSON.stringify(errorBody(dialect, error)))
}

/**
 * The last bytes of a stream that breaks in the middle: an event by which the SDK of the API called raises an error
 * instead of taking the part for the whole. It begins with an empty line, so that it stands apart from half an event
 * that went out before.
 *
 * `form` says how the stream is framed: Gemini streams without `alt=sse` are JSON arrays, which cannot be closed
 * properly after half an element; the error is added as a last element all the same.
 */
export function shapeStreamError(
  dialect: Dialect,
  error: ErrorFacts,
  form: 'sse' | 'responses' | 'json_array' = 'sse',
): Buffer {
  const body = JSON.stringify(errorBody(dialect, error))
  if (form === 'json_array') return Buffer.from(`\n,${body}\n]`)
  if (form === 'responses') return Buffer.from(`\n\nevent: error\ndata: ${JSON.stringify(responsesEvent(error))}\n\n`)
  if (dialect === 'anthropic') return Buffer.from(`\n\nevent: error\ndata: ${body}\n\n`)
  return Buffer.from(`\n\ndata: ${body}\n\n`)
}

function errorBody(dialect: Dialect, error: ErrorFacts): object {
  switch (dialect) {
    case 'openai':
      return {
        error: {
          message: error.message,
          type: openaiType(error.status),
          param: error.param ?? null,
          code: error.code,
        },
      }
    case 'anthropic':
      return {
        type: 'error',
        error: { type: anthropicType(error.status), message: error.message, code: error.code },
        ...(error.requestId === undefined ? {} : { request_id: error.requestId }),
      }
    case 'google':
      return {
        error: {
          code: error.status,
          message: error.message,
          status: googleStatus(error.status),
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: error.code.toUpperCase(),
              domain: 'tollgate',
              metadata: { code: error.code, ...(error.param === undefined ? {} : { param: error.param }) },
            },
          ],
        },
      }
  }
}

/** The Responses API has an error event of its own (https://platform.openai.com/docs/api-reference/responses-streaming/error). */
function responsesEvent(error: ErrorFacts): object {
  return { type: 'error', code: error.code, message: error.message, param: error.param ?? null }
}

function openaiType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 402 || status === 429) return status === 402 ? 'insufficient_quota' : 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

/** Source: https://docs.claude.com/en/api/errors. */
function anthropicType(status: number): string {
  return anthropicTypes.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}

const anthropicTypes: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** Source: google.rpc.Code and its mapping to HTTP. */
function googleStatus(status: number): string {
  return googleStatuses.get(status) ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT')
}

const googleStatuses: ReadonlyMap<number, string> = new Map([
  [401, 'UNAUTHENTICATED'],
  [402, 'RESOURCE_EXHAUSTED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [409, 'ABORTED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])

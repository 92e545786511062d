import { errorCode } from '#lib/error-text.ts'
import { ParameterFault } from '#reports/fault.ts'

/** What went wrong, for either shape of answer. */
export interface Problem {
  readonly status: number
  /** Stable, for programs. */
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly parameter: string | null
  readonly expected: string | null
}

function problem(status: number, code: string, title: string, detail: string): Problem {
  return { status, code, title, detail, parameter: null, expected: null }
}

export const unauthenticated = problem(
  401,
  'invalid_api_key',
  'Not authenticated',
  'Send a token of this gateway as "Authorization: Bearer <token>".',
)

export const adminOnly = problem(
  403,
  'admin_token_required',
  'Not allowed',
  'This needs the admin token. A virtual key may only ask /v1/dashboard/costs and /v1/logs/query, for its own calls.',
)

export function noSuchCall(method: string, path: string): Problem {
  return problem(
    404,
    'not_found',
    'Not found',
    `There is no ${method} ${path} here. /api/v1/openapi.json lists what there is.`,
  )
}

/** A path at which nothing can be changed. */
export function notChanged(because: string): Problem {
  return problem(405, 'method_not_allowed', 'Not changed here', because)
}

/** Thrown where what is asked about is not there. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere'
  readonly code = 'not_found'
}

/** Thrown where what is asked for cannot be done as things are. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible'
  readonly code = 'not_possible'
}

/** Thrown where the gateway alone could answer, and does not. */
export class GatewaySilent extends Error {
  override readonly name = 'GatewaySilent'
  readonly code = 'gateway_unreachable'
}

/** What an error means to the one who asked. By the error's code, never by its text. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ParameterFault) {
    const { parameter, expected, message } = error
    return { status: 400, code: error.code, title: 'A parameter is wrong', detail: message, parameter, expected }
  }
  if (error instanceof NothingThere) return problem(404, error.code, 'Not found', error.message)
  if (error instanceof NotPossible) return problem(409, error.code, 'Not possible', error.message)
  if (error instanceof GatewaySilent) return problem(503, error.code, 'The gateway does not answer', error.message)
  const status = statusOf(error)
  if (errorCode(error) === 'store_unreachable') {
    const why = error instanceof Error ? error.message : ''
    return problem(
      503,
      'store_unreachable',
      'The usage store is not available',
      `Calls are still counted; try again. ${why}`.trim(),
    )
  }
  // Fastify's own: a body that is no JSON, too large, of another type.
  if (status !== null && status >= 400 && status < 500) {
    const detail = error instanceof Error ? error.message : ''
    return problem(status, requestCodes[status] ?? 'invalid_request', 'The request is wrong', detail)
  }
  return problem(500, 'internal_error', 'Something is wrong here', 'The cause is in the log of the console.')
}

const requestCodes: Readonly<Record<number, string>> = {
  400: 'invalid_json',
  413: 'body_too_large',
  415: 'unsupported_content_type',
}

/** As Fastify's own errors have it. */
function statusOf(error: unknown): number | null {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : null
}

/** RFC 9457. */
export function problemDocument({ status, code, title, detail, parameter, expected }: Problem): object {
  const field = parameter === null ? {} : { parameter, expected }
  return { type: 'about:blank', title, status, detail, code, ...field }
}

/** The shape of OpenAI's errors, for clients of the calls under /v1. */
export function openaiError({ status, code, detail, parameter }: Problem): object {
  const type = status === 401 ? 'authentication_error' : status < 500 ? 'invalid_request_error' : 'server_error'
  return { error: { message: detail, type, param: parameter, code } }
}

/** The shape of Anthropic's errors, for paths of its API that the gateway does not serve. */
export function anthropicError({ status, code, detail }: Problem): object {
  const type = status === 404 ? 'not_found_error' : status < 500 ? 'invalid_request_error' : 'api_error'
  return { type: 'error', error: { type, message: detail, code } }
}

/** The shape of Google's errors, for paths of its API that the gateway does not serve. */
export function googleError({ status, code, detail }: Problem): object {
  const word = status === 404 ? 'NOT_FOUND' : status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'
  const reason = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code.toUpperCase(), domain: 'tollgate' }
  return { error: { code: status, message: detail, status: word, details: [{ ...reason, metadata: { code } }] } }
}

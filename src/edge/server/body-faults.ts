import type { BodyFault } from '#ports.ts'

export function leftTooEarly(): BodyFault {
  return { kind: 'fault', code: 'client_gone', message: 'the client left before its request was complete' }
}

export function noRoom(): BodyFault {
  const message =
    'So many large requests are under way here that there was no room for this one. Send it again in some seconds.'
  return { kind: 'fault', code: 'requests_full', message }
}

/**
 * So much of a body is held without asking for room: what is a few reads of the system, and many connections can have.
 */
export const mostUnaskedRoomBytes = 64 * 1024

export function bodyTooLarge(maxBytes: number): BodyFault {
  const message = `The request body is larger than the ${maxBytes} bytes allowed here.`
  return { kind: 'fault', code: 'body_too_large', message }
}

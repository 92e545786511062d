import type { BodyFault } from '#ports.ts'

export function leftTooEarly(): BodyFault {
  return { kind: 'fault', code: 'client_gone', message: 'the client left before its request was complete' }
}

export function bodyTooLarge(maxBytes: number): BodyFault {
  const message = `The request body is larger than the ${maxBytes} bytes allowed here.`
  return { kind: 'fault', code: 'body_too_large', message }
}

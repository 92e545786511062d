import assert from 'node:assert/strict'
import type { ClientExchange } from '#ports.ts'
import { callerSecret } from './stack.ts'

/** For whatever is not to be called. */
export const never = () => assert.fail('nothing goes any further here')

/** Asks for a chat completion, and nothing is to be read of it or answered. */
export const exchange: ClientExchange = {
  method: 'POST',
  path: '/v1/chat/completions',
  query: '',
  headers: { authorization: `Bearer ${callerSecret}`, 'content-type': 'application/json' },
  rawHeaders: [],
  gone: false,
  started: false,
  readBody: never,
  bodyStream: never,
  answer: never,
  start: never,
  flushHead: never,
  write: never,
  end: never,
  breakOff: never,
  onDrain: never,
  onGone: () => {},
  onTaken: never,
}

import { gzipSync } from 'node:zlib'
import type { WireEvent } from './answer.ts'
import type { Directives } from './directives.ts'
import type { Dialect } from './refusal.ts'

/** Bytes that go out together. */
export interface Piece {
  readonly text: string | Buffer
  /** Output tokens generated once this is out, all earlier ones included. */
  readonly outputTokens: number
  /** Silence before it; Infinity = until the client leaves. */
  readonly pauseMs?: number
}

/** What is really sent of a body, and how it ends. */
export interface SendPlan {
  readonly pieces: readonly Piece[]
  /** reset: the connection is torn down; close: ended, and not used again. */
  readonly ending: 'end' | 'reset' | 'close'
  /** Each piece is a write of its own, however fast. */
  readonly apart: boolean
  /** True where less or other than the answer is sent. */
  readonly broken: boolean
  /** Null = chunked. */
  readonly contentLength: number | null
}

/** The stream after its directives. Pure. */
export function planStream(events: readonly WireEvent[], directives: Directives, dialect: Dialect): SendPlan {
  const altered = alterEvents(events, directives, dialect)
  const ending = directives.resetAfter !== undefined && directives.resetAfter >= 0 ? 'reset' : 'end'
  const stalled = pauseBefore(altered, directives)
  const broken = altered !== events || ending === 'reset' || directives.stallAfter !== undefined
  return { ...cutUp(stalled, directives), ending, broken, contentLength: null }
}

/** The body in one piece after its directives; a place in a stream (`reset=3`) means the middle of it. Pure. */
export function planWhole(body: Buffer, outputTokens: number, directives: Directives): SendPlan {
  const { resetAfter, endAfter, halfAt, malformedAt, contentLengthOff } = directives
  const half = body.subarray(0, body.length >> 1)
  const resets = resetAfter !== undefined && resetAfter >= 0
  const short = resets || endAfter !== undefined || halfAt !== undefined
  const garbled = malformedAt !== undefined
  const sent = short ? half : garbled ? Buffer.concat([half, Buffer.from('<<malformed')]) : body
  const stalls = directives.stallAfter !== undefined && directives.stallAfter >= 0
  const pieces = stalls
    ? pauseBefore(
        [
          { text: half, outputTokens },
          { text: body.subarray(half.length), outputTokens },
        ],
        { ...directives, stallAfter: 1 },
      )
    : [{ text: sent, outputTokens }]
  const off = contentLengthOff ?? 0
  return {
    ...cutUp(pieces, directives),
    ending: resets ? 'reset' : off === 0 ? 'end' : 'close',
    broken: short || garbled || stalls || off !== 0,
    contentLength: short || garbled ? null : Math.max(0, body.length + off),
  }
}

function alterEvents(events: readonly WireEvent[], directives: Directives, dialect: Dialect): readonly WireEvent[] {
  const { malformedAt, endAfter, halfAt, errorAfter, resetAfter } = directives
  if (malformedAt !== undefined) {
    return events.map((event, i) => (i === malformedAt ? { ...event, text: malformedEvent } : event))
  }
  if (endAfter !== undefined) return events.slice(0, endAfter)
  if (halfAt !== undefined) {
    const before = events.slice(0, halfAt)
    const text = events[halfAt]?.text ?? ''
    return [...before, { text: text.slice(0, text.length >> 1), outputTokens: tokensAfter(before) }]
  }
  if (errorAfter !== undefined) {
    const before = events.slice(0, errorAfter)
    return [...before, { text: errorEvents[dialect], outputTokens: tokensAfter(before) }]
  }
  if (resetAfter !== undefined && resetAfter >= 0) return events.slice(0, resetAfter)
  return events
}

function tokensAfter(events: readonly WireEvent[]): number {
  return events.at(-1)?.outputTokens ?? 0
}

function pauseBefore(pieces: readonly Piece[], directives: Directives): readonly Piece[] {
  const at = directives.stallAfter
  if (at === undefined || at < 0) return pieces
  const pauseMs = directives.stallMs ?? Number.POSITIVE_INFINITY
  return pieces.map((piece, i) => (i === at ? { ...piece, pauseMs } : piece))
}

function cutUp(pieces: readonly Piece[], directives: Directives): { pieces: readonly Piece[]; apart: boolean } {
  const { cut, dripMs, gzip } = directives
  if (gzip) {
    const all = Buffer.concat(pieces.map((piece) => Buffer.from(piece.text as string)))
    return { pieces: [{ text: gzipSync(all), outputTokens: pieces.at(-1)?.outputTokens ?? 0 }], apart: false }
  }
  if (cut === undefined && dripMs === undefined) return { pieces, apart: false }
  const size = Math.max(1, Math.floor(cut ?? 16))
  const small: Piece[] = []
  for (const piece of pieces) {
    const bytes = Buffer.from(piece.text as string)
    for (let at = 0; at < bytes.length; at += size) {
      const pauseMs = (at === 0 ? (piece.pauseMs ?? 0) : 0) + (dripMs ?? 0)
      small.push({ text: bytes.subarray(at, at + size), outputTokens: piece.outputTokens, pauseMs })
    }
  }
  return { pieces: small, apart: true }
}

/** A complete event of a stream whose payload is not JSON. */
const malformedEvent = 'data: {"id":"broken","choices":[{"index":0,"delta":{"content":\n\n'

/** How each API breaks off in the middle of a stream of status 200. */
const errorEvents: Readonly<Record<Dialect, string>> = {
  openai:
    'data: {"error":{"message":"The server had an error while processing your request.","type":"server_error",' +
    '"param":null,"code":"server_error"}}\n\n',
  anthropic:
    'event: error\ndata: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},' +
    '"request_id":"req_simulated"}\n\n',
  google:
    'data: {"error": {"code": 503,"message": "The model is overloaded. Please try again later.",' +
    '"status": "UNAVAILABLE"}}\r\n\r\n',
}

/** What a proxy between caller and provider answers when it gives up. */
export const htmlPage =
  '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n' +
  '<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>\n'

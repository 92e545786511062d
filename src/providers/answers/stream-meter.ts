import { JsonArrayReader } from '#lib/json-array-stream.ts'
import { isObject } from '#lib/json-object.ts'
import { noBytes } from '#lib/no-bytes.ts'
import { type SseBlock, SseReader } from '#lib/sse.ts'
import type { Reading, StreamMeter } from '#providers/meter.ts'
import { errorIn } from './errors.ts'
import { EventFilter } from './event-filter.ts'
import { type AnswerReader, Findings } from './findings.ts'
import { type AnswerSource, createReader } from './formats.ts'
import { parseJson } from './json.ts'
import { isUsageChunk } from './openai-chat.ts'
import { isTooIntricate, largeJsonBytes } from './structure.ts'
import { TextShapes } from './text-shapes.ts'

interface StreamOptions extends AnswerSource {
  /** True where the gateway asked for the usage chunk and the client did not: it is then left out. */
  readonly dropUsageChunk: boolean
}

/** Larger events are passed on unread. A finished response with its pictures is a few megabytes. */
const maxEventBytes = 16 * 1024 * 1024

/** An unfinished event up to this size is looked at for what ends the answer. */
const maxPeekBytes = 1024 * 1024

/** A meter for one streamed answer: events, or a JSON array as Gemini sends it without `alt=sse`. */
export function createStreamMeter(options: StreamOptions): StreamMeter {
  return new Meter(options)
}

class Meter implements StreamMeter {
  readonly #findings = new Findings()
  readonly #reader: AnswerReader
  readonly #source: AnswerSource
  readonly #shapes: TextShapes
  /** Leaves out the usage chunk; null where the client gets all. */
  readonly #filter: EventFilter | null
  readonly #events: SseReader
  /** Null until the first byte that is not white space has told which form the stream has. */
  #form: 'events' | 'array' | null = null
  #array: JsonArrayReader | null = null
  #endingSeen = false

  constructor(options: StreamOptions) {
    this.#source = options
    this.#filter = options.dropUsageChunk ? new EventFilter() : null
    this.#reader = createReader(options, this.#findings)
    this.#shapes = new TextShapes(options, this.#findings)
    this.#events = new SseReader((block) => this.#takeBlock(block), { maxBlockBytes: maxEventBytes })
  }

  get ending(): boolean {
    return this.#findings.ended || this.#endingSeen
  }

  get outputBytes(): number {
    return this.#findings.outputBytes
  }

  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    this.#form ??= formOf(chunk)
    if (this.#form === 'array') {
      this.#pushArray(chunk)
      return chunk
    }
    this.#filter?.begin(chunk)
    const wholeUpTo = this.#events.push(chunk)
    this.#peek()
    if (this.#filter === null) return chunk
    return this.#events.oversized ? this.#filter.passOnAll() : this.#filter.passOn(wholeUpTo)
  }

  end(): Buffer {
    if (this.#form === 'array') return noBytes
    this.#filter?.begin(noBytes)
    const unreadBefore = this.#findings.unreadEvents
    this.#events.end()
    if (this.#findings.unreadEvents > unreadBefore && !this.#findings.ended) this.#findings.complete = false
    return this.#filter?.rest() ?? noBytes
  }

  reading(): Reading {
    return this.#findings.readingOf(this.#reader.usage())
  }

  #takeBlock(block: SseBlock): void {
    const leftOut = this.#read(block)
    this.#filter?.take(block, leftOut)
  }

  /** True where the block is to be left out: the chunk that carries the usage and nothing else. */
  #read(block: SseBlock): boolean {
    if (block.oversized) {
      this.#findings.unreadEvents += 1
      return false
    }
    if (!block.hasData) {
      this.#readBare(block)
      return false
    }
    const { bytes, dataStart, dataEnd } = block
    if (dataEnd - dataStart >= largeJsonBytes && isTooIntricate(bytes.subarray(dataStart, dataEnd))) {
      this.#findings.unreadEvents += 1
      return false
    }
    const text = block.bytes.toString('utf8', block.dataStart, block.dataEnd)
    if (text.charCodeAt(0) === 0x5b && text.trimEnd() === '[DONE]') {
      this.#findings.ended = true
      this.#findings.complete = this.#findings.error === null
      return false
    }
    const piece = this.#shapes.pieceIn(text)
    if (piece !== null) {
      this.#findings.addText(piece)
      return false
    }
    const json = parseJson(text)
    if (!isObject(json)) {
      if (text !== '') this.#findings.unreadEvents += 1
      return false
    }
    const charsBefore = this.#findings.outputChars
    this.#reader.event(json, text)
    if (this.#findings.outputChars > charsBefore) this.#shapes.learn(text, charsBefore)
    return this.#filter !== null && isUsageChunk(json)
  }

  /** JSON that is no event: Vertex writes its errors so, and some upstreams answer whole though asked for a stream. */
  #readBare(block: SseBlock): void {
    const { bytes, blockStart, blockEnd } = block
    let start = blockStart
    while (start < blockEnd && (bytes[start] ?? 0) <= 0x20) start += 1
    if (bytes[start] !== 0x7b || isTooIntricate(bytes.subarray(start, blockEnd))) return
    const text = bytes.toString('utf8', start, blockEnd)
    const json = parseJson(text)
    if (!isObject(json)) return
    const error = errorIn(json)
    if (error === null) {
      this.#reader.whole(json, text)
      this.#findings.usageFinal = true
      return
    }
    this.#findings.error = error
    this.#findings.ended = true
    this.#findings.complete = false
  }

  /**
   * A client may act on a last line before the blank line after it has come, so the end is looked for in the unfinished
   * event too, once it looks whole.
   */
  #peek(): void {
    if (this.#events.pendingBytes === 0 || this.#events.pendingBytes > maxPeekBytes || this.ending) return
    if (!mayEndData(this.#events.lastPendingByte)) return
    const text = this.#events.pendingData()
    if (text === null) return
    if (text.trimEnd() === '[DONE]') {
      this.#endingSeen = true
      return
    }
    const json = parseJson(text)
    if (!isObject(json)) return
    const glance = new Findings()
    createReader(this.#source, glance).event(json, text)
    this.#endingSeen = glance.ended
  }

  #pushArray(chunk: Buffer): void {
    this.#array ??= new JsonArrayReader((element) => this.#takeElement(element), { maxElementBytes: maxEventBytes })
    const unreadBefore = this.#array.oversized
    this.#array.push(chunk)
    this.#findings.unreadEvents += this.#array.oversized - unreadBefore
    if (!this.#array.closed || this.#findings.ended) return
    // Nothing can follow: the array is whole, whether or not an element said that it is the last.
    this.#findings.ended = true
    this.#findings.complete = true
    this.#findings.usageFinal = true
  }

  #takeElement(element: Buffer): void {
    const text = isTooIntricate(element) ? '' : element.toString('utf8')
    const json = parseJson(text)
    if (isObject(json)) this.#reader.event(json, text)
    else this.#findings.unreadEvents += 1
  }
}

/** `[` opens an array and no line of an event stream that means anything. White space and a byte order mark tell nothing. */
function formOf(chunk: Buffer): 'events' | 'array' | null {
  for (const byte of chunk) {
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return byte === 0x5b ? 'array' : 'events'
  }
  return null
}

/** Line ends, `}` and `]`. */
function mayEndData(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d || byte === 0x7d || byte === 0x5d
}

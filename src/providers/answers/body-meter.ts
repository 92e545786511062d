import { noBytes } from '#lib/no-bytes.ts'
import type { Reading, StreamMeter } from '#providers/meter.ts'
import type { AnswerSource } from './formats.ts'
import { readAnswer } from './read-answer.ts'

/** Of more than this only the beginning is read: it says nothing of itself, so it is for an estimate. */
const mostReadBytes = 4 * 1024 * 1024

/** For an answer of no form that is known: it is passed on as it comes, and read at its end as far as it is text. */
export function createBodyMeter(source: AnswerSource): StreamMeter {
  return new BodyMeter(source)
}

class BodyMeter implements StreamMeter {
  /** Any byte may be the last one. */
  readonly ending = true
  readonly outputBytes = 0
  readonly #source: AnswerSource
  #kept: Buffer[] = []
  #keptBytes = 0

  constructor(source: AnswerSource) {
    this.#source = source
  }

  push(chunk: Buffer): Buffer {
    const room = mostReadBytes - this.#keptBytes
    if (room > 0) {
      this.#kept.push(chunk.subarray(0, room))
      this.#keptBytes += Math.min(room, chunk.length)
    }
    return chunk
  }

  end(): Buffer {
    return noBytes
  }

  reading(): Reading {
    return readAnswer({ ...this.#source, status: 200, contentType: undefined, body: Buffer.concat(this.#kept) })
  }
}

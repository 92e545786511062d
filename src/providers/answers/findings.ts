import type { ReportedUsage } from '#core/usage/reported.ts'
import type { JsonObject } from '#lib/json-object.ts'
import type { Writable } from '#lib/writable.ts'
import type { BatchState, ProviderError, Reading } from '#providers/meter.ts'
import { idOf, nameOf } from './json.ts'

/** Enough for any estimate: about 250,000 tokens. */
const keptOutputChars = 1_000_000

const joinedPieces = 128

/** Shared, so nothing may be added to it. */
const noTexts: string[] = []

/** What an answer shows that its report may have left out. */
interface Shown {
  searches: boolean
  pictures: boolean
  /** Each by its index. */
  readonly codeRuns: Set<unknown>
}

export function shownUsage({ searches, pictures, codeRuns }: Shown): ReportedUsage {
  return {
    ...(searches ? { showsSearches: true } : {}),
    ...(pictures ? { showsPictures: true } : {}),
    ...(codeRuns.size > 0 ? { codeExecutionRequests: codeRuns.size } : {}),
  }
}

/** What was read of one answer so far. Readers write into it; `readingOf` makes the result of it. */
export class Findings {
  model: string | null = null
  responseId: string | null = null
  error: ProviderError | null = null
  status: string | undefined = undefined
  serviceTier: string | undefined = undefined
  batches: readonly BatchState[] = []
  /** The answer said that it is over. */
  ended = false
  /** It is over as its protocol says it should be. */
  complete = false
  /** The usage reported is the last word; before, it may grow or be replaced. */
  usageFinal = false
  unreadEvents = 0
  outputUnread = false
  /** Null while the answer shows nothing of the kind: nearly always. */
  shown: Shown | null = null
  /** All output so far, kept or not. */
  outputChars = 0
  /** The same in UTF-8. */
  outputBytes = 0
  lastPiece = ''
  #pieces: string[] = noTexts
  #joined: string[] = noTexts
  #keptChars = 0
  #cutChars = 0

  /** Adds output of any kind that is billed: text, refusals, reasoning as far as it is shown, tool call arguments. */
  addText(piece: unknown): void {
    if (typeof piece !== 'string' || piece === '') return
    this.outputChars += piece.length
    this.outputBytes += Buffer.byteLength(piece)
    this.lastPiece = piece
    const room = keptOutputChars - this.#keptChars
    if (piece.length <= room) {
      this.#keptChars += piece.length
      this.#keep(piece)
      return
    }
    if (room > 0) this.#keep(piece.slice(0, room))
    this.#keptChars = keptOutputChars
    this.#cutChars += piece.length - Math.max(room, 0)
  }

  /** The model as the answer names it, once it does. */
  nameModel(model: unknown): void {
    this.model = nameOf(model) ?? this.model
  }

  nameResponse(id: unknown): void {
    this.responseId ??= idOf(id) ?? null
  }

  shows(): Shown {
    this.shown ??= { searches: false, pictures: false, codeRuns: new Set() }
    return this.shown
  }

  readingOf(usage: ReportedUsage | null): Reading {
    const reading: Writable<Reading> = {
      model: this.model,
      usage,
      usageFinal: usage !== null && this.usageFinal,
      error: this.error,
      outputText: this.#outputText(),
      responseId: this.responseId,
      complete: this.complete,
    }
    if (this.status !== undefined) reading.status = this.status
    if (this.serviceTier !== undefined) reading.serviceTier = this.serviceTier
    if (this.batches.length > 0) reading.batches = this.batches
    if (this.#cutChars > 0) reading.outputCharsCut = this.#cutChars
    if (this.outputUnread) reading.outputUnread = true
    if (this.unreadEvents > 0) reading.unreadEvents = this.unreadEvents
    return reading
  }

  #keep(piece: string): void {
    // Most answers that are not streamed have one piece: no room is made for more.
    if (this.#pieces === noTexts) this.#pieces = [piece]
    // Joined now and then: a piece may hold on to the whole event that it was cut from.
    else if (this.#pieces.push(piece) >= joinedPieces) this.#join()
  }

  #join(): void {
    this.#joined = [...this.#joined, this.#pieces.join('')]
    this.#pieces = noTexts
  }

  /** Joined once for all pieces so far, since a reading may be asked for more than once. */
  #outputText(): string {
    if (this.#joined.length === 0 && this.#pieces.length <= 1) return this.#pieces[0] ?? ''
    if (this.#pieces.length > 0) this.#join()
    if (this.#joined.length > 1) this.#joined = [this.#joined.join('')]
    return this.#joined[0] ?? ''
  }
}

/** Reads the answers of one API. One is made for each answer. */
export interface AnswerReader {
  /** Takes one event of a stream. `source` is its JSON text, for amounts that a double would blur. */
  event(json: JsonObject, source: string): void
  /** Takes the whole body of an answer that is not streamed. */
  whole(json: JsonObject, source: string): void
  /** What was reported so far, null while nothing was. */
  usage(): ReportedUsage | null
}

import { isObject } from '#lib/json-object.ts'
import { Findings } from './findings.ts'
import { type AnswerSource, createReader } from './formats.ts'
import { parseJson } from './json.ts'
import { learnTemplate, type TextTemplate } from './text-template.ts'

/** Shorter streams are over before a shape would have paid for being learnt. */
const eventsBeforeLearning = 4
const maxTemplates = 4
const maxAttempts = 12

/** The shapes in which one stream sends its output. */
export class TextShapes {
  readonly #source: AnswerSource
  readonly #findings: Findings
  #templates: readonly TextTemplate[] = []
  #parsedEvents = 0
  #attempts = 0

  constructor(source: AnswerSource, findings: Findings) {
    this.#source = source
    this.#findings = findings
  }

  /** The piece of output that is all that the event adds; null where the event must be parsed. */
  pieceIn(event: string): string | null {
    for (const template of this.#templates) {
      const piece = template.match(event)
      if (piece !== null) return piece
    }
    return null
  }

  /** Takes note of an event that was parsed and added output, of which there were `charsBefore` characters before. */
  learn(event: string, charsBefore: number): void {
    this.#parsedEvents += 1
    if (this.#parsedEvents < eventsBeforeLearning || this.#attempts >= maxAttempts) return
    const { lastPiece, outputChars } = this.#findings
    if (outputChars - charsBefore !== lastPiece.length) return
    this.#attempts += 1
    const template = learnTemplate(event, lastPiece, (other) => this.#adds(other))
    if (template !== null) this.#templates = [template, ...this.#templates].slice(0, maxTemplates)
  }

  /** What an event adds to the output, tried on a reader of its own; null where it changes anything else. */
  #adds(event: string): string | null {
    const json = parseJson(event)
    if (!isObject(json)) return null
    const tried = new Findings()
    const reader = createReader(this.#source, tried)
    reader.event(json, event)
    const known = this.#findings
    const saysNothingElse =
      reader.usage() === null &&
      !tried.ended &&
      !tried.complete &&
      !tried.usageFinal &&
      tried.error === null &&
      tried.shown === null &&
      (tried.model === null || tried.model === known.model) &&
      (tried.responseId === null || known.responseId !== null) &&
      (tried.status === undefined || tried.status === known.status) &&
      (tried.serviceTier === undefined || tried.serviceTier === known.serviceTier)
    return saysNothingElse ? tried.readingOf(null).outputText : null
  }
}

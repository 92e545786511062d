import type { Answer } from './answer.ts'
import type { Call } from './call.ts'

/** In the place of the id while an answer is prepared; as long as an id, and no text holds it. */
const mark = 'SIMULATEDxIDxGOESxHERExx'
const maxEntries = 2000
const maxBodyBytes = 4096

interface Prepared {
  readonly answer: Answer
  /** The body around its ids. */
  readonly parts: readonly string[]
  readonly idParts: readonly string[]
}

/**
 * Remembers answers that depend on nothing but the request, its second and its id: load tests send the same few
 * requests over and over, and the upstream of a benchmark must not be what is measured.
 */
export class Memo {
  readonly #prepared = new Map<string, Prepared>()
  #second = 0

  answer(call: Call, make: (call: Call) => Answer): Answer {
    const { body, path } = call.received
    if (body.length > maxBodyBytes || body.includes('"stream"')) return make(call)
    const second = Math.floor(call.nowMs / 1000)
    if (second !== this.#second || this.#prepared.size > maxEntries) {
      this.#prepared.clear()
      this.#second = second
    }
    const key = `${path}\n${body.toString('latin1')}`
    const known = this.#prepared.get(key)
    if (known) return fill(known, call.id)
    const answer = make({ ...call, id: mark })
    if (typeof answer.body !== 'string') return { ...answer, id: answer.id.replaceAll(mark, call.id) }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
    const ascii = /^[\x00-\x7f]*$/.test(answer.body)
    const prepared = { answer: { ...answer, ascii }, parts: answer.body.split(mark), idParts: answer.id.split(mark) }
    if (answer.repeatable) this.#prepared.set(key, prepared)
    return fill(prepared, call.id)
  }
}

function fill(prepared: Prepared, id: string): Answer {
  const { answer } = prepared
  return {
    status: answer.status,
    headers: answer.headers,
    body: prepared.parts.join(id),
    id: prepared.idParts.join(id),
    charge: answer.charge,
    repeatable: true,
    ascii: answer.ascii ?? false,
  }
}

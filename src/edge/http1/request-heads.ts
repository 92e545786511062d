import { headOf, parsePlainHead, plainValue, type RequestHead, requestHeadText } from './request-head.ts'

/** A line that was understood. */
interface Line {
  /** With its end. */
  readonly text: string
  /** With the colon behind it. */
  readonly name: string
  readonly lowered: string
}

/**
 * Reads the heads of the requests of one connection, each as `readPlainHead` would. A client says nearly the same in all
 * of them: a line that has come before, in its place, is compared and not understood once more.
 */
export class RequestHeads {
  #before: RequestHead | null = null
  #requestLine = ''
  #lines: Line[] = []

  read(bytes: Buffer): RequestHead | null {
    const text = requestHeadText(bytes)
    if (text === null) return null
    this.#before = (this.#before === null ? null : this.#again(text, this.#before)) ?? this.#anew(text)
    return this.#before
  }

  /** Null where it says something else than values of the same headers, in the same order. */
  #again(text: string, before: RequestHead): RequestHead | null {
    let from = this.#requestLine.length
    if (text.slice(0, from) !== this.#requestLine) return null
    const headers = { ...before.headers }
    const rawHeaders = before.rawHeaders.slice()
    const lines = this.#lines
    for (let at = 0; at < lines.length; at += 1) {
      let line = lines[at]
      if (line === undefined) return null
      if (text.slice(from, from + line.text.length) !== line.text) {
        const valueAt = from + line.name.length
        const end = text.indexOf('\r\n', from)
        if (text.slice(from, valueAt) !== line.name) return null
        const value = text.slice(valueAt, end)
        if (!plainValue.test(value)) return null
        line = { text: text.slice(from, end + 2), name: line.name, lowered: line.lowered }
        lines[at] = line
        headers[line.lowered] = rawHeaders[2 * at + 1] = value.trim()
      }
      from += line.text.length
    }
    return from === text.length ? headOf(before, headers, rawHeaders, from + 2) : null
  }

  #anew(text: string): RequestHead | null {
    const head = parsePlainHead(text)
    if (head === null) return null
    this.#lines = []
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\r\n', from) + 2
      const colon = text.indexOf(':', from)
      if (from === 0) this.#requestLine = text.slice(0, end)
      else
        this.#lines.push({
          text: text.slice(from, end),
          name: text.slice(from, colon + 1),
          lowered: text.slice(from, colon).toLowerCase(),
        })
      from = end
    }
    return head
  }
}

/** Where a page ended, as a text that stands in a URL. Callers hand it back as it is. */
export function cursorText(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** What `cursorText` was given, still to be checked; undefined where the text is none of its own. */
export function readCursorText(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

export type BodyStart = 'object' | 'array' | 'events' | 'markup' | 'blank' | 'other'

/** Lines that an event stream can begin with: https://html.spec.whatwg.org/multipage/server-sent-events.html. */
const firstFields: readonly string[] = ['data:', 'event:', 'id:', 'retry:', ':']
const longestField = 6

/**
 * What a body is by how it begins, after a byte order mark and white space. Null while its bytes are too few to tell;
 * `ended` = no more will come.
 */
export function bodyStart(bytes: Buffer, ended: boolean): BodyStart | null {
  let at = 0
  if (bytes[0] === 0xef) {
    if (bytes.length < 3 && !ended) return null
    if (bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3
  }
  while (at < bytes.length && isBlank(bytes[at])) at += 1
  switch (bytes[at]) {
    case undefined:
      return ended ? 'blank' : null
    case 0x7b:
      return 'object'
    case 0x5b:
      return 'array'
    case 0x3c:
      return 'markup'
  }
  const text = bytes.toString('latin1', at, at + longestField)
  if (firstFields.some((field) => text.startsWith(field))) return 'events'
  return !ended && firstFields.some((field) => field.startsWith(text)) ? null : 'other'
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** One part of a multipart body, by position. */
interface Part {
  readonly name: string
  /** Null where the part is a plain field. */
  readonly filename: string | null
  readonly valueStart: number
  readonly valueEnd: number
}

/** More parts than any API has fields, fewer than cost time to look at. */
const mostParts = 1_000
/** A part's own headers are a line or three. */
const mostHeadBytes = 16_384

const headEnd = Buffer.from('\r\n\r\n')

/** The boundary that a `multipart/form-data` content type names (RFC 2046, 5.1.1); null where there is none. */
export function boundaryOf(contentType: string): string | null {
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(contentType)) return null
  const found = /;\s*boundary=(?:"([^"\\]{1,200})"|([^\s;,"]{1,200}))/i.exec(contentType)
  return found?.[1] ?? found?.[2] ?? null
}

/**
 * The parts of a whole multipart/form-data body (RFC 7578), in order; null where the body is not one: no boundary, a
 * part without a name, no closing boundary. Nothing is copied.
 */
export function multipartParts(body: Buffer, boundary: string): Part[] | null {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  const opening = delimiter.subarray(2)
  let position: number
  if (body.subarray(0, opening.length).equals(opening)) {
    position = opening.length
  } else {
    const found = body.indexOf(delimiter)
    if (found < 0) return null
    position = found + delimiter.length
  }
  const parts: Part[] = []
  for (;;) {
    if (body[position] === 0x2d && body[position + 1] === 0x2d) return parts
    const lineEnd = body.indexOf('\r\n', position)
    // Only white space may stand between the boundary and its line's end.
    if (lineEnd < 0 || body.toString('latin1', position, Math.min(lineEnd, position + 64)).trim() !== '') return null
    // A part may be without any header; then the empty line follows at once.
    const headStop = body.indexOf(headEnd, lineEnd)
    if (headStop < 0 || headStop - lineEnd > mostHeadBytes || parts.length === mostParts) return null
    const disposition = dispositionOf(body.toString('utf8', lineEnd + 2, Math.max(headStop, lineEnd + 2)))
    if (disposition === null) return null
    const valueStart = headStop + headEnd.length
    // The value may be empty, and its delimiter then shares the line end with the head.
    const valueEnd = body.indexOf(delimiter, valueStart - 2)
    if (valueEnd < 0) return null
    parts.push({ ...disposition, valueStart, valueEnd: Math.max(valueEnd, valueStart) })
    position = valueEnd + delimiter.length
  }
}

function dispositionOf(head: string): { name: string; filename: string | null } | null {
  const line = head.split('\r\n').find((text) => /^content-disposition\s*:/i.test(text))
  if (line === undefined) return null
  const name = parameter(line, 'name')
  return name === null ? null : { name, filename: parameter(line, 'filename') ?? parameter(line, 'filename\\*') }
}

function parameter(line: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(line)
  if (found === null) return null
  return found[1]?.replace(/\\(.)/g, '$1') ?? found[2] ?? ''
}

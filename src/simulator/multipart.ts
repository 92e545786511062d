import type { Received } from './call.ts'
import { Refusal } from './refusal.ts'

interface FormFile {
  readonly name: string
  readonly content: Buffer
}

interface Form {
  readonly fields: ReadonlyMap<string, string>
  readonly files: readonly FormFile[]
}

/**
 * Reads multipart/form-data (RFC 7578).
 *
 * @returns null where the request is something else.
 * @throws Refusal (400) where it says it is a form and is none.
 */
export function readForm(received: Received): Form | null {
  const type = received.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) return null
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(type)
  const name = boundary?.[1] ?? boundary?.[2]
  if (name === undefined) throw new Refusal(400, 'The multipart form has no boundary.')
  const fields = new Map<string, string>()
  const files: FormFile[] = []
  for (const part of partsOf(received.body, Buffer.from(`--${name}`))) {
    const split = part.indexOf('\r\n\r\n')
    if (split < 0) throw new Refusal(400, 'A part of the multipart form has no headers.')
    const head = part.toString('utf8', 0, split)
    const content = part.subarray(split + 4)
    const file = /filename="([^"]*)"/i.exec(head)?.[1]
    if (file === undefined) fields.set(/[;\s]name="([^"]*)"/i.exec(head)?.[1] ?? '', content.toString('utf8'))
    else files.push({ name: file, content })
  }
  return { fields, files }
}

function partsOf(body: Buffer, delimiter: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let at = body.indexOf(delimiter)
  while (at >= 0) {
    const start = at + delimiter.length + 2
    const next = body.indexOf(delimiter, start)
    if (next < 0) break
    parts.push(body.subarray(start, next - 2))
    at = next
  }
  if (parts.length === 0) throw new Refusal(400, 'The multipart form has no parts.')
  return parts
}

/** The file that a form is sent for. @throws Refusal (400) without one */
export function fileOf({ files: [file] }: Form): FormFile {
  if (file === undefined) throw new Refusal(400, "Missing required parameter: 'file'.", null, 'file')
  return file
}

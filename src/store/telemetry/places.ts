import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TraceLink } from '#core/ledger/entry.ts'
import { readTraceLink, traceLinkText } from '#core/ledger/trace-link.ts'
import type { TracedPlace } from '#ports.ts'

/** How far the journal has been exported. */
export interface PlaceFile {
  /** Null where there is none yet, or none that can be read: what that leads to is told, and nothing that is owed. */
  read(): TracedPlace | null
  /** On disk when it returns, the old one or the new one at any moment. */
  write(place: TracedPlace): void
}

export function placeFile(path: string): PlaceFile {
  return { read: () => readPlace(path), write: (place) => writePlace(path, place) }
}

function readPlace(path: string): TracedPlace | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  try {
    return placeOf(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function placeOf(value: unknown): TracedPlace | null {
  if (typeof value !== 'object' || value === null) return null
  const { version, bookmark, open } = value as Record<string, unknown>
  if (version !== 1 || typeof bookmark !== 'string' || !Array.isArray(open)) return null
  const links: [string, TraceLink][] = []
  for (const pair of open as unknown[]) {
    const [callId, text] = Array.isArray(pair) ? (pair as unknown[]) : []
    const link = typeof text === 'string' ? readTraceLink(text) : null
    if (typeof callId !== 'string' || link === null) return null
    links.push([callId, link])
  }
  return { bookmark, open: links }
}

function writePlace(path: string, { bookmark, open }: TracedPlace): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const links = open.map(([callId, link]) => [callId, traceLinkText(link)])
  const draft = `${path}.new`
  const file = openSync(draft, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ version: 1, bookmark, open: links })}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
}

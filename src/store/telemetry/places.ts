import { basename, dirname } from 'node:path'
import type { TraceLink } from '#core/ledger/entry.ts'
import { readTraceLink, traceLinkText } from '#core/ledger/trace-link.ts'
import type { ExportPlace, TracedPlace } from '#ports.ts'
import { readSmallFile, realDisk, replaceFile } from '#store/journal/disk.ts'

export function placeFile(path: string): ExportPlace {
  return { read: () => readPlace(path), write: (place) => writePlace(path, place) }
}

function readPlace(path: string): TracedPlace | null {
  const text = readSmallFile(realDisk, path)
  if (text === null) return null
  try {
    return placeOf(JSON.parse(text.toString()))
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
  const links = open.map(([callId, link]) => [callId, traceLinkText(link)])
  const content = Buffer.from(`${JSON.stringify({ version: 1, bookmark, open: links })}\n`)
  realDisk.makeDirectory(dirname(path))
  replaceFile(realDisk, dirname(path), basename(path), content)
}

import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalPosition } from '#store/ingest/source.ts'

/** What budgets had spent when the journal had been added up to a place. */
export interface SpentFile {
  readonly version: 1
  readonly position: JournalPosition
  /** As `BudgetBook.snapshot` made it. */
  readonly book: unknown
  /** As `AlertCount.state` made it. */
  readonly alerts?: unknown
}

const fileName = 'spent.json'
const directoryMode = 0o700
const fileMode = 0o600

/** Null where there is none, or none that can be read: the journal is then added up from its beginning. */
export async function readSpent(directory: string): Promise<SpentFile | null> {
  let text: string
  try {
    text = await readFile(join(directory, fileName), 'utf8')
  } catch {
    return null
  }
  try {
    const file = JSON.parse(text) as SpentFile
    return file.version === 1 && isPosition(file.position) ? file : null
  } catch {
    return null
  }
}

/** Replaces it: whoever reads finds the one before or this one, never a part. */
export async function writeSpent(directory: string, content: SpentFile): Promise<void> {
  await mkdir(directory, { recursive: true, mode: directoryMode })
  const temporary = join(directory, `${fileName}.tmp`)
  const file = await open(temporary, 'w', fileMode)
  try {
    await file.writeFile(JSON.stringify(content))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(temporary, join(directory, fileName))
}

function isPosition(value: unknown): value is JournalPosition {
  if (typeof value !== 'object' || value === null) return false
  const { segment, offset, blockNo } = value as Record<string, unknown>
  return typeof segment === 'string' && typeof offset === 'number' && typeof blockNo === 'number'
}

import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

const asideName = 'half-made'
/** Where a disk of its own is mounted there, this is the file system's. */
const staysName = 'lost+found'
/** What a table keeps a part under; `all` where it has no partitions. */
const partName = /^[0-9a-z]+_\d+_\d+_\d+(_\d+)?$/

/**
 * A disk that was full when the store was first made leaves files of its schema empty, and the engine never opens it
 * again. Where it holds no row, nothing is lost with it: what there is goes into a folder `half-made`, of which the last is
 * kept, and the engine finds an empty directory. (Moved within, since the directory itself may be a mount point.)
 *
 * @returns whether it was so
 */
export function setAsideHalfMade(directory: string): boolean {
  const tables = filesIn(join(directory, 'store')).flatMap(filesIn)
  // First what ends the search at once where the store is in use.
  if (tables.some(holdsPart)) return false
  const schema = [...tables.flatMap(filesIn), ...filesIn(join(directory, 'metadata'))]
  if (!schema.some(isEmptySchema)) return false
  const aside = join(directory, asideName)
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside)
  for (const path of filesIn(directory)) {
    const name = basename(path)
    if (name !== asideName && name !== staysName) renameSync(path, join(aside, name))
  }
  return true
}

function holdsPart(table: string): boolean {
  return filesIn(table).some((path) => partName.test(basename(path))) || filesIn(join(table, 'detached')).length > 0
}

function isEmptySchema(path: string): boolean {
  const isSchema = path.endsWith('.sql') || basename(path) === 'format_version.txt'
  return isSchema && statSync(path).size === 0
}

/** None where it is no directory. */
function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => join(directory, name))
  } catch {
    return []
  }
}

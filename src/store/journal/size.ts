import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { faultCode } from './disk.ts'

/** Bytes of all files of a journal's directory. A file that is retired meanwhile does not count. */
export async function journalSizeBytes(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => {
    try {
      const found = await stat(join(directory, name))
      return found.isFile() ? found.size : 0
    } catch (fault) {
      if (faultCode(fault) === 'ENOENT') return 0
      throw fault
    }
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

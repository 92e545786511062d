import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

const patterns = readFileSync(`${root}.dockerignore`, 'utf8')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'))

/** Whether .dockerignore keeps a file from the builder: the last pattern counts that fits it or a folder it is in. */
export function isIgnored(path: string): boolean {
  const parts = path.split('/')
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  let ignored = false
  for (const pattern of patterns) {
    const isException = pattern.startsWith('!')
    const glob = isException ? pattern.slice(1) : pattern
    if (above.some((name) => regExpOf(glob).test(name))) ignored = !isException
  }
  return ignored
}

/** As the builder reads them: `*` is a part of a name, one that begins with a dot too, and `**` any folders. */
function regExpOf(glob: string): RegExp {
  const parts: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '*': '[^/]*', '?': '[^/]' }
  const source = glob.replaceAll(/\*\*\/|[*?]|[^\w/]/g, (part) => parts[part] ?? `\\${part}`)
  return new RegExp(`^${source}$`)
}

/** The files of the repository under a path, as the builder gets them. */
export function filesSent(path: string): string[] {
  const entries = readdirSync(`${root}${path}`, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(root.length), entry.name))
    .filter((file) => !isIgnored(file))
}

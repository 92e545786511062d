import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Source {
  /** From the root of the repository, such as `src/core/money/pico-usd.ts`. */
  readonly path: string
  readonly text: string
  /** The lines without comments; strings are left, line numbers stay true. */
  readonly lines: readonly string[]
  readonly isTest: boolean
}

/** The project's TypeScript, as a house rule looks at it. */
export function sources(...patterns: string[]): Source[] {
  return globSync(patterns, { cwd: root })
    .sort()
    .map((path) => {
      const text = readFileSync(root + path, 'utf8')
      const isTest = path.endsWith('.test.ts') || path.startsWith('test/')
      return { path, text, lines: withoutComments(text).split('\n'), isTest }
    })
}

/** Blanks comments out. Knows strings only as far as needed not to take `https://` for a comment. */
export function withoutComments(text: string): string {
  const pattern = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replaceAll(pattern, (part) => (/^\/[/*]/.test(part) ? part.replaceAll(/[^\n]/g, ' ') : part))
}

/** The first folder below src, or the file where it stands in src itself: `core`, `ports.ts`. */
export function roomOf(path: string): string {
  return path.split('/')[1] ?? ''
}

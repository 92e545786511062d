import { globSync, readFileSync } from 'node:fs'
import { root } from '#test/tidy/sources.ts'

export interface Page {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  /** What is in its blocks of code, and in code within its lines. */
  readonly code: readonly string[]
  /** The text without any code; what a link shows is left, be it code or not. */
  readonly prose: string
}

const block = /^([ \t]*)```.*\n([\s\S]*?)^\1```/gm
const span = /`([^`\n]+)`/g

/** Every Markdown page of the repository. */
export const pages: readonly Page[] = globSync('**/*.md', { cwd: root, exclude: ['node_modules', 'data', 'coverage'] })
  .sort()
  .map((path) => {
    const text = readFileSync(root + path, 'utf8')
    const outside = text.replaceAll(block, '')
    const blocks = [...text.matchAll(block)].map(([, , code = '']) => code)
    const spans = [...outside.matchAll(span)].map(([, code = '']) => code)
    // Code may look like a link; the text of a link may be code.
    const prose = outside.replaceAll(/(?<!\[)`[^`\n]+`(?!\])/g, '')
    return { path, text, code: [...blocks, ...spans], prose }
  })

/** Ids of the headings of a page, as GitHub gives them. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const taken = new Map<string, number>()
  const headings = text.replaceAll(block, '').matchAll(/^#{1,6} +(.+?) *$/gm)
  return new Set(
    [...headings].map(([, heading = '']) => {
      const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      const id = shown
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-')
      const before = taken.get(id) ?? 0
      taken.set(id, before + 1)
      return before === 0 ? id : `${id}-${before}`
    }),
  )
}

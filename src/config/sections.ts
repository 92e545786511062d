import type { ZodType } from 'zod'
import { closest } from '#lib/closest.ts'
import type { Numbered } from './entries.ts'
import { type ConfigFault, heard, type PathPart, pathText } from './faults.ts'
import { lists, singles } from './file-schema.ts'
import { later } from './later-schema.ts'
import type { Tree, YamlFile } from './yaml.ts'

/** Checks parts of the tree against schemas and turns what zod finds into faults with path and line. */
export class SectionReader {
  private readonly file: YamlFile
  private readonly faults: ConfigFault[]
  /** Places whose text could not be read in the first place: what a schema says of them is only a consequence. */
  private readonly unreadable: ReadonlySet<string>

  constructor(file: YamlFile, faults: ConfigFault[]) {
    this.file = file
    this.faults = faults
    this.unreadable = new Set(file.faults.map((fault) => fault.path))
  }

  /** A property, so that it can be handed on. */
  readonly report = (path: readonly PathPart[], wrong: string, expected: string): void => {
    const place = pathText(path)
    if (this.unreadable.has(place)) return
    const onLine = String(path[0]).startsWith('environment') ? null : this.file.lineOf(path)
    this.faults.push({ path: place, line: onLine, wrong, expected })
  }

  root(): { [key: string]: Tree } {
    const { tree } = this.file
    if (tree === null) return {}
    if (typeof tree === 'string' || Array.isArray(tree)) {
      this.report([], 'is not a mapping', 'settings, one a line, such as `listen: 127.0.0.1:4000`')
      return {}
    }
    const known = [...Object.keys(singles), ...Object.keys(lists), ...Object.keys(later)]
    for (const key of Object.keys(tree)) if (!known.includes(key)) this.unknownKey([key], known)
    return tree
  }

  read<T>(path: readonly PathPart[], tree: unknown, schema: ZodType<T>): T | undefined {
    const result = schema.safeParse(tree)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const place = [...path, ...issue.path.filter((part) => typeof part !== 'symbol')]
      const { wrong, expected } = heard(issue.message)
      if (issue.code !== 'unrecognized_keys') this.report(place, wrong, expected)
      else for (const key of issue.keys) this.unknownKey([...place, key], expected.split(', '))
    }
    return undefined
  }

  list<T>(root: { [key: string]: Tree }, section: string, schema: ZodType<T>): Numbered<T>[] {
    const tree = root[section]
    if (tree === undefined || tree === null) return []
    if (!Array.isArray(tree)) {
      this.report([section], 'is not a list', `a list of ${section}, each beginning with a dash`)
      return []
    }
    const read: Numbered<T>[] = []
    tree.forEach((item, index) => {
      const entry = this.read([section, index], item, schema)
      if (entry !== undefined) read.push({ index, entry })
    })
    return read
  }

  private unknownKey(path: readonly PathPart[], known: readonly string[]): void {
    const [near] = closest(String(path.at(-1)), known, {
      most: 1,
      form: (text) => text.toLowerCase().replaceAll(/[-_]/g, ''),
    })
    this.report(path, 'is not a setting', near === undefined ? `one of ${known.join(', ')}` : `${near}, perhaps?`)
  }
}

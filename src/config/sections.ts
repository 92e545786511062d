import { type ZodType, z } from 'zod'
import { closest } from '#lib/closest.ts'
import { alerts, inhibitRule, receiver, route } from './alert-schema.ts'
import type { AlertEntries, Names, Numbered, Part } from './entries.ts'
import { type ConfigFault, heard, type PathPart, pathText } from './faults.ts'
import { lists, singles } from './file-schema.ts'
import { shape } from './shapes.ts'
import { type Tree, textsIn, type YamlFile } from './yaml.ts'

/** A schema of a mapping, with the schema of each setting. */
type Shaped<T> = ZodType<T> & { readonly shape: Readonly<Record<string, ZodType>> }

/** Checks parts of the tree against schemas and turns what zod finds into faults with path and line. */
export class SectionReader {
  readonly #file: YamlFile
  readonly #faults: ConfigFault[]
  /** Places whose text could not be read in the first place: what a schema says of them is only a consequence. */
  readonly #unreadable: ReadonlySet<string>
  /** These places and all that they are within. */
  readonly #incomplete: ReadonlySet<string>

  constructor(file: YamlFile, faults: ConfigFault[]) {
    this.#file = file
    this.#faults = faults
    this.#unreadable = new Set(file.faults.map((fault) => fault.path))
    this.#incomplete = new Set([...this.#unreadable].flatMap(placesAround))
  }

  /** A property, so that it can be handed on. */
  readonly report = (path: readonly PathPart[], wrong: string, expected: string): void => {
    const place = pathText(path)
    if (this.#unreadable.has(place)) return
    const onLine = String(path[0]).startsWith('environment') ? null : this.#file.lineOf(path)
    this.#faults.push({ path: place, line: onLine, wrong, expected })
  }

  root(): { [key: string]: Tree } {
    const { tree } = this.#file
    if (tree === null) return {}
    if (typeof tree === 'string' || Array.isArray(tree)) {
      this.report([], 'is not a mapping', 'settings, one a line, such as `listen: 127.0.0.1:4000`')
      return {}
    }
    const known = [...Object.keys(singles), ...Object.keys(lists), 'alerts']
    for (const key of Object.keys(tree)) if (!known.includes(key)) this.#unknownKey([key], known)
    return tree
  }

  read<T>(path: readonly PathPart[], tree: unknown, schema: ZodType<T>): T | undefined {
    const result = schema.safeParse(tree)
    if (result.success) return this.#incomplete.has(pathText(path)) ? undefined : result.data
    for (const issue of result.error.issues) {
      const place = [...path, ...issue.path.filter((part) => typeof part !== 'symbol')]
      const { wrong, expected } = heard(issue.message)
      if (issue.code !== 'unrecognized_keys') this.report(place, wrong, expected)
      else for (const key of issue.keys) this.#unknownKey([...place, key], expected.split(', '))
    }
    return undefined
  }

  /** Entry by entry, so that a wrong one does not hide the others. `path` leads to the list within `parent`. */
  list<T>(parent: { [key: string]: Tree }, path: readonly string[], schema: ZodType<T>): Numbered<T>[] {
    const section = path.at(-1) ?? ''
    const tree = parent[section]
    if (tree === undefined || tree === null) return []
    if (!Array.isArray(tree)) {
      this.report(path, 'is not a list', `a list of ${section}, each beginning with a dash`)
      return []
    }
    const read: Numbered<T>[] = []
    tree.forEach((item, index) => {
      const entry = this.read([...path, index], item, schema)
      if (entry !== undefined) read.push({ index, entry })
    })
    return read
  }

  /** The entries of a list with what is right of each. Reports nothing: `list` does. */
  parts<T>(parent: { [key: string]: Tree }, path: readonly string[], schema: Shaped<T>): Part<T>[] {
    const tree = parent[path.at(-1) ?? '']
    if (tree === undefined || tree === null) return []
    const items = Array.isArray(tree) ? tree : [tree]
    return items.map(
      (item, index) =>
        this.part(Array.isArray(tree) ? item : '', [...path, index], schema) ?? {
          index,
          entry: {},
          wrong: new Set(),
          misnamed: true,
        },
    )
  }

  /** Null where it is no mapping. */
  part<T>(tree: Tree | undefined, path: readonly PathPart[], schema: Shaped<T>): Part<T> | null {
    if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return null
    const entry: Record<string, unknown> = {}
    const wrong = new Set<string>()
    for (const [setting, type] of Object.entries(schema.shape)) {
      if (!Object.hasOwn(tree, setting)) continue
      const result = type.safeParse(tree[setting])
      if (!result.success || this.#incomplete.has(pathText([...path, setting]))) wrong.add(setting)
      else if (result.data !== undefined) entry[setting] = result.data
    }
    const misnamed = Object.keys(tree).some((setting) => !Object.hasOwn(schema.shape, setting))
    return { index: Number(path.at(-1) ?? 0), entry: entry as Partial<T>, wrong, misnamed }
  }

  /** The texts at `key` of a list's entries, right or not. */
  names(parent: { [key: string]: Tree }, path: readonly string[], key: string): Names {
    const tree = parent[path.at(-1) ?? '']
    const known = new Set(textsIn(tree, key))
    const all = tree ?? []
    const isUnreadable = (_: Tree, index: number) => this.#incomplete.has(pathText([...path, index, key]))
    const complete = Array.isArray(all) && textsIn(all, key).length === all.length && !all.some(isUnreadable)
    return complete ? known : { has: () => true }
  }

  alerts(root: { [key: string]: Tree }): AlertEntries {
    const tree = root['alerts'] ?? {}
    const parts = alerts.shape
    const outline = Object.fromEntries(Object.keys(parts).map((part) => [part, z.unknown().optional()]))
    this.read(['alerts'], tree, shape(outline))
    const section = typeof tree === 'string' || Array.isArray(tree) ? {} : tree
    const single = <T>(part: string, schema: ZodType<T>) => {
      const value = section[part]
      return value === undefined || value === null ? undefined : this.read(['alerts', part], value, schema)
    }
    return {
      allowPrivateUrls:
        single('allow_private_urls', parts.allow_private_urls) ??
        Object.entries(section).some(
          ([name, value]) => (name === 'allow_private_urls' && value !== null) || !Object.hasOwn(parts, name),
        ),
      receivers: this.list(section, ['alerts', 'receivers'], receiver),
      parts: {
        receivers: this.parts(section, ['alerts', 'receivers'], receiver),
        routes: this.parts(section, ['alerts', 'routes'], route),
        inhibit: this.parts(section, ['alerts', 'inhibit'], inhibitRule),
      },
      receiverNames: this.names(section, ['alerts', 'receivers'], 'name'),
      routes: this.list(section, ['alerts', 'routes'], route),
      routesWritten: section['routes'] !== undefined && section['routes'] !== null,
      inhibit: this.list(section, ['alerts', 'inhibit'], inhibitRule),
      live: single('live', parts.live) ?? null,
    }
  }

  #unknownKey(path: readonly PathPart[], known: readonly string[]): void {
    const [near] = closest(String(path.at(-1)), known, {
      most: 1,
      form: (text) => text.toLowerCase().replaceAll(/[-_]/g, ''),
    })
    this.report(path, 'is not a setting', near === undefined ? `one of ${known.join(', ')}` : `${near}, perhaps?`)
  }
}

/** A place as `pathText` writes it, and all that it is within. */
function placesAround(place: string): string[] {
  const ends = [...place.matchAll(/[.[]/g)].map(({ index }) => place.slice(0, index))
  return [...ends, place]
}

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { type ConfigFault, heard, type PathPart, pathText } from './faults.ts'
import { interpolate } from './interpolate.ts'

/**
 * The file as a tree of text: every scalar is its source text with variables filled in, so that no amount ever passes
 * through a floating-point number. Null stands for an empty value.
 */
export type Tree = string | null | Tree[] | { [key: string]: Tree }

export interface YamlFile {
  readonly tree: Tree
  /** The line of the nearest thing that stands in the file on the way to this path. */
  lineOf(path: readonly PathPart[]): number | null
  readonly faults: readonly ConfigFault[]
}

/** More than any configuration has; stops a file whose anchors multiply. */
const mostNodes = 200_000

/** Reads YAML 1.2. Never throws: what cannot be read is a fault, and the tree holds the rest. */
export function readYaml(text: string, env: Readonly<Record<string, string | undefined>>): YamlFile {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'error' })
  const walk = new Walk(document, counter, env)
  for (const error of document.errors) {
    // The parser's own message can quote the file, and with it a secret; its code cannot.
    walk.faults.push({
      path: '(file)',
      line: counter.linePos(error.pos[0]).line,
      wrong: `is not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
      expected: 'a well-formed mapping, one setting a line',
    })
  }
  const tree = document.errors.length > 0 ? null : walk.visit(document.contents as Node | null, [])
  return {
    tree,
    faults: walk.faults,
    lineOf(path) {
      for (let length = path.length; length >= 0; length--) {
        const line = walk.lines.get(pathText(path.slice(0, length)))
        if (line !== undefined) return line
      }
      return null
    },
  }
}

/** What stands under `key` in the entries of a list, right or wrong otherwise. */
export function textsIn(tree: Tree | undefined, key: string): string[] {
  if (!Array.isArray(tree)) return []
  return tree.flatMap((item) => {
    const text = item !== null && typeof item === 'object' && !Array.isArray(item) ? item[key] : null
    return typeof text === 'string' ? [text.trim()] : []
  })
}

class Walk {
  readonly faults: ConfigFault[] = []
  readonly lines = new Map<string, number>()
  #nodes = 0
  /** What is being read, from the file down. */
  readonly #within = new Set<Node>()
  readonly #document: ReturnType<typeof parseDocument>
  readonly #counter: LineCounter
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(
    document: ReturnType<typeof parseDocument>,
    counter: LineCounter,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#document = document
    this.#counter = counter
    this.#env = env
  }

  visit(node: Node | null, path: readonly PathPart[]): Tree {
    if (node === null || node === undefined) return null
    const start = node.range?.[0]
    const place = pathText(path)
    if (start !== undefined && !this.lines.has(place)) this.lines.set(place, this.#counter.linePos(start).line)
    this.#nodes++
    if (this.#nodes > mostNodes) {
      if (this.#nodes === mostNodes + 1) this.#fault(path, 'the file is too large', `at most ${mostNodes} values`)
      return null
    }
    if (isAlias(node)) return this.visit(node.resolve(this.#document) ?? null, path)
    if (isSeq(node) || isMap(node)) return this.#visitCollection(node, path)
    if (!isScalar(node) || node.value === null) return null
    const plain = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    const { text, faults } = interpolate(plain, this.#env)
    for (const message of faults) {
      const { wrong, expected } = heard(message)
      this.#fault(path, wrong, expected)
    }
    return text
  }

  #visitCollection(node: YAMLSeq | YAMLMap, path: readonly PathPart[]): Tree {
    if (this.#within.has(node)) {
      this.#fault(path, 'is an alias of what it stands in', 'an alias of something else, or the value itself')
      return null
    }
    this.#within.add(node)
    const tree = isSeq(node)
      ? node.items.map((item, index) => this.visit(item as Node | null, [...path, index]))
      : this.#visitMap(node.items as MapItem[], path)
    this.#within.delete(node)
    return tree
  }

  #visitMap(items: readonly MapItem[], path: readonly PathPart[]): Tree {
    const tree: { [key: string]: Tree } = Object.create(null)
    for (const { key, value } of items) {
      if (!isScalar(key)) {
        this.#fault(path, 'has a key that is not a word', 'plain setting names')
        continue
      }
      const name = String(key.value)
      const start = key.range?.[0]
      if (start !== undefined) this.lines.set(pathText([...path, name]), this.#counter.linePos(start).line)
      tree[name] = this.visit(value, [...path, name])
    }
    return tree
  }

  #fault(path: readonly PathPart[], wrong: string, expected: string): void {
    this.faults.push({ path: pathText(path), line: this.lines.get(pathText(path)) ?? null, wrong, expected })
  }
}

interface MapItem {
  readonly key: Node | null
  readonly value: Node | null
}

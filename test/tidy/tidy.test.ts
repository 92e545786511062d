import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import {
  bans,
  coreOrder,
  importExceptions,
  leftoverExceptions,
  longFiles,
  mayImport,
  mostLines,
  nodeTimer,
  timersInTests,
  vagueNames,
} from './rules.ts'
import { roomOf, root, type Source, sources, withoutComments } from './sources.ts'

const all = sources('src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'deploy/**/*.ts')
const product = all.filter(({ path, isTest }) => path.startsWith('src/') && !isTest)

/** No finding, or all of them, one a line. */
function none(findings: readonly string[]): void {
  assert.equal(findings.length, 0, `\n${findings.join('\n')}`)
}

interface Import {
  readonly source: Source
  readonly line: number
  /** Below src: `core/money/pico-usd.ts`. */
  readonly target: string
}

function imports(files: readonly Source[]): Import[] {
  return files.flatMap((source) =>
    source.lines.flatMap((line, index) => {
      const target = /(?:from |import\(|import )'#([^']+)'/.exec(line)?.[1]
      return target === undefined ? [] : [{ source, line: index + 1, target }]
    }),
  )
}

test('rooms import only what they may', () => {
  const used = new Set<string>()
  const findings = imports(product).flatMap(({ source, line, target }) => {
    const [from, to] = [roomOf(source.path), target.split('/')[0] ?? '']
    if (from === to || mayImport[from]?.includes(to)) return []
    const exception = `${source.path} -> ${target}`
    used.add(exception)
    return importExceptions[exception] === undefined
      ? [`${source.path}:${line} imports ${target}: ${from} may not`]
      : []
  })
  none(findings)
  none(
    Object.keys(importExceptions)
      .filter((name) => !used.has(name))
      .map((name) => `no longer needed: ${name}`),
  )
})

test('the parts of core import only lower ones', () => {
  none(
    imports(product.filter(({ path }) => path.startsWith('src/core/'))).flatMap(({ source, line, target }) => {
      const from = coreOrder.indexOf(source.path.split('/')[2] ?? '')
      const to = coreOrder.indexOf(target.split('/')[1] ?? '')
      return to <= from ? [] : [`${source.path}:${line} imports ${target}, which stands above it`]
    }),
  )
})

test('an import says a file: #room/file.ts across rooms, ./file.ts inside one, never a folder', () => {
  none(
    all.flatMap(({ path, lines }) =>
      lines.flatMap((line, index) => {
        const target = /^(?:import|export)\b.* from '([^']+)'$/.exec(line)?.[1] ?? ''
        const local = target.startsWith('.') || target.startsWith('#')
        const inside = posix.join(posix.dirname(path), target)
        const climbs = path.startsWith('src/') && target.startsWith('../') && roomOf(inside) !== roomOf(path)
        const outside = climbs && target !== '../../package.json'
        return local && (outside || !/\.(ts|json|mjs)$/.test(target)) ? [`${path}:${index + 1} imports ${target}`] : []
      }),
    ),
  )
})

test('there are no barrels and no default exports', () => {
  none(
    all.flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        /^export (\*|default\b)/.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
      ),
    ),
  )
})

for (const { banned, instead, because, except, only } of bans) {
  test(`${banned.source} is not used: use ${instead}, because ${because}`, () => {
    none(
      product
        .filter(({ path }) => !except.some((prefix) => path.startsWith(prefix)))
        .filter(({ path }) => only === undefined || only.some((prefix) => path.startsWith(prefix)))
        .flatMap(({ path, lines }) =>
          lines.flatMap((line, index) => (banned.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
        ),
    )
  })
}

test('tests do not wait by sleeping: they look until something is there, or drive the clock themselves', () => {
  const found = all
    .filter(({ path, isTest }) => isTest && !path.startsWith('test/tidy/'))
    .flatMap(({ path, lines }) => {
      const line = lines.findIndex((text) => nodeTimer.test(text))
      return line === -1 ? [] : [{ path, line: line + 1 }]
    })
  none(found.flatMap(({ path, line }) => (timersInTests[path] === undefined ? [`${path}:${line} has a timer`] : [])))
  none(
    Object.keys(timersInTests)
      .filter((name) => !found.some(({ path }) => path === name))
      .map((name) => `no longer needed: ${name}`),
  )
})

test(`no file is longer than ${mostLines} lines`, () => {
  none(
    all.flatMap(({ path, lines }) => {
      const most = longFiles[path] ?? mostLines
      return lines.length - 1 > most ? [`${path} has ${lines.length - 1} lines, at most ${most}`] : []
    }),
  )
  none(
    Object.keys(longFiles)
      .filter((path) => !existsSync(root + path))
      .map((path) => `no longer there: ${path}`),
  )
})

test('nothing was left behind', () => {
  const leftover =
    /\b(FIXME|TODO|XXX|HACK)\b|\b(test|it|describe|suite)\.(only|skip|todo)\(|\bdebugger\b|@ts-(ignore|nocheck)/
  none(
    all
      .filter(({ path }) => !leftoverExceptions.some((prefix) => path.startsWith(prefix)))
      .flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, index) => (leftover.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
      ),
  )
})

test('names do not end in words that take everything', () => {
  const vague =
    /^(?:export )?(?:class|interface|type) (\w*(?:Manager|Helper|Util|Utils|Service|Handler|Data|Info|V2))\b/
  const found = product.flatMap(({ path, lines }) =>
    lines.flatMap((line) => {
      const name = vague.exec(line)?.[1]
      return name === undefined ? [] : [`${path} ${name}`]
    }),
  )
  none(found.filter((name) => !vagueNames.includes(name)))
  none(vagueNames.filter((name) => !found.includes(name)).map((name) => `no longer needed: ${name}`))
})

test('files are named in kebab-case', () => {
  none(all.map(({ path }) => path).filter((path) => !/^[a-z0-9/-]+(\.test)?\.ts$/.test(path)))
})

/** The first column of the table in the section about the rooms: `core/`, `ports.ts`. */
function roomsOnTheMap(map: string): Set<string> {
  const section = map.split(/^## /m).find((part) => part.startsWith('Rooms')) ?? ''
  return new Set([...section.matchAll(/^\| `([a-z]+(?:\.ts)?)\/?` \|/gm)].map((match) => match[1] ?? ''))
}

test('the map names every room of src, and no other', () => {
  const map = readFileSync(`${root}ARCHITECTURE.md`, 'utf8')
  const rooms = readdirSync(`${root}src`, { withFileTypes: true }).map((entry) => entry.name)
  const named = roomsOnTheMap(map)
  none(rooms.filter((room) => !named.has(room)).map((room) => `ARCHITECTURE.md does not name src/${room}`))
  none(
    [...named]
      .filter((room) => !rooms.includes(room))
      .map((room) => `ARCHITECTURE.md names src/${room}, which is not there`),
  )
})

test('every room has its line in the table of imports', () => {
  const rooms = readdirSync(`${root}src`)
  assert.deepEqual(Object.keys(mayImport).sort(), rooms.sort())
})

test('the rules name what is there: every part of core, and no place that is not', () => {
  assert.deepEqual([...coreOrder].sort(), readdirSync(`${root}src/core`).sort())
  const places = [...bans.flatMap(({ except, only = [] }) => [...except, ...only]), ...leftoverExceptions]
  none(
    places.filter((place) => !existsSync(root + place)).map((place) => `rules.ts names ${place}, which is not there`),
  )
  const rooms = Object.values(mayImport).flat()
  none(
    rooms.filter((room) => mayImport[room] === undefined).map((room) => `rules.ts names ${room}, which is not there`),
  )
})

test('what a reader looks for first is there', () => {
  const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE', '.ci/run']
  none(files.filter((file) => !existsSync(root + file)))
  assert.match(readFileSync(`${root}CHANGELOG.md`, 'utf8'), /^## \[Unreleased\]/m)
})

test('decisions are numbered once and titled like their number', () => {
  const names = readdirSync(`${root}docs/decisions`)
  const numbers = names.map((name) => name.slice(0, 4))
  none(names.filter((name) => !/^\d{4}-[a-z0-9-]+\.md$/.test(name)))
  none(numbers.filter((number, index) => numbers.indexOf(number) !== index).map((number) => `${number} is there twice`))
  none(
    names.filter((name) => !readFileSync(`${root}docs/decisions/${name}`, 'utf8').startsWith(`# ${name.slice(0, 4)} `)),
  )
})

test('comments are found, addresses in strings are not taken for them', () => {
  assert.equal(withoutComments("a('http://x') // TODO").trimEnd(), "a('http://x')")
  assert.equal(withoutComments('/* a\nb */ c'), '    \n     c')
})

import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { exportedForNobody } from './rules.ts'
import { type Source, sources } from './sources.ts'

const all = sources('src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'deploy/**/*.ts')
const product = all.filter(({ path, isTest }) => path.startsWith('src/') && !isTest)

const named = /\bimport (?:type )?\{([^}]*)\} from '([^']+)'/g
const whole = /\bimport \* as (\w+) from '([^']+)'/g
const exported = /^export (?:async )?(?:const|let|function\*?|(?:abstract )?class|interface|type) (\w+)/gm

function fileOf(importer: string, target: string): string {
  if (target.startsWith('#test/')) return target.slice(1)
  return target.startsWith('#') ? `src/${target.slice(1)}` : posix.join(posix.dirname(importer), target)
}

/** What a file takes from others, `file name`, and all its words where it loads files as it runs. */
function taken({ path, lines }: Source): readonly string[] {
  const text = lines.join('\n')
  const names = [...text.matchAll(named)].flatMap(([, list = '', target = '']) =>
    list.split(',').map((item) => {
      const name = item
        .trim()
        .replace(/^type /, '')
        .split(' as ')[0]
      return `${fileOf(path, target)} ${name}`
    }),
  )
  const members = [...text.matchAll(whole)].flatMap(([, as = '', target = '']) =>
    [...text.matchAll(new RegExp(`\\b${as}\\.(\\w+)`, 'g'))].map(([, name]) => `${fileOf(path, target)} ${name}`),
  )
  const loaded = [...text.matchAll(/\bimport\('([#.][^']+)'\)/g)].map(([, target = '']) => fileOf(path, target))
  const words = loaded.length === 0 ? [] : [...new Set(text.match(/\w+/g))]
  return [...names, ...members, ...loaded.flatMap((file) => words.map((word) => `${file} ${word}`))]
}

test('an export has an importer', () => {
  const wanted = new Set(all.flatMap(taken))
  const unwanted = product.flatMap(({ path, lines }) =>
    [...lines.join('\n').matchAll(exported)].map(([, name]) => `${path} ${name}`).filter((place) => !wanted.has(place)),
  )
  assert.deepEqual(
    unwanted.filter((place) => !exportedForNobody.includes(place)),
    [],
    'only their own files use them: do not export them, or delete what nobody uses at all',
  )
  assert.deepEqual(
    exportedForNobody.filter((place) => !unwanted.includes(place)),
    [],
    'no longer needed in rules.ts',
  )
})

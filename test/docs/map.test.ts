import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mayImport } from '#test/tidy/rules.ts'
import { root } from '#test/tidy/sources.ts'

const map = readFileSync(`${root}ARCHITECTURE.md`, 'utf8')

/** Room, what is in it, and what it may import: what stands behind a semicolon is an exception, or about its inside. */
const rooms = [...map.matchAll(/^\| `([\w.]+)\/?` \| (.+?) \| ([^|]+) \|$/gm)].map(
  ([, name = '', within = '', imports = '']) => ({
    ...{ name, within },
    imports: (imports.split(';', 1)[0] ?? '').split(', ').map((room) => (room === 'ports' ? 'ports.ts' : room)),
  }),
)

test('the map has every room, and what each may import as it is held to it', () => {
  assert.deepEqual(rooms.map(({ name }) => name).sort(), Object.keys(mayImport).sort())
  assert.deepEqual(rooms.map(({ name }) => name).sort(), readdirSync(`${root}src`).sort())
  for (const { name, imports } of rooms) {
    if (imports[0] === 'everything') {
      const others = Object.keys(mayImport).filter((room) => room !== name && room !== 'main.ts')
      assert.deepEqual(mayImport[name]?.toSorted(), others.sort(), name)
    } else assert.deepEqual(imports[0] === 'nothing' ? [] : imports.toSorted(), mayImport[name]?.toSorted(), name)
  }
})

test('the map names every part of every room', () => {
  for (const { name, within } of rooms) {
    if (name.endsWith('.ts')) continue
    for (const part of readdirSync(`${root}src/${name}`, { withFileTypes: true })) {
      if (part.isDirectory()) assert.match(within, new RegExp(`\`${part.name}/?\``), `${name}/${part.name}`)
    }
  }
})

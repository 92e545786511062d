import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { packagesAtStart } from './rules.ts'
import { root, withoutComments } from './sources.ts'

/** Imports that are there when the program runs: not of types only, and not `import()`, which loads on demand. */
const fixed = /^(?:import|export) (?!type )(?:[^;'()]*? from )?'([^']+)'/gm

/** Packages that are loaded with a file, each with the way to it. */
function loadedWith(start: string): ReadonlyMap<string, string> {
  const ways = new Map([[start, start]])
  const packages = new Map<string, string>()
  // A Map is walked in the order of its growth, also while it grows.
  for (const [file, way] of ways) {
    for (const [, target = ''] of withoutComments(readFileSync(root + file, 'utf8')).matchAll(fixed)) {
      if (target.startsWith('node:')) continue
      const local = target.startsWith('#') ? `src/${target.slice(1)}` : posix.join(posix.dirname(file), target)
      if (!/^[#.]/.test(target)) packages.set(target, `${way} -> ${target}`)
      else if (!ways.has(local) && existsSync(root + local)) ways.set(local, `${way} -> ${local}`)
    }
  }
  return packages
}

for (const [start, { packages: allowed, because }] of Object.entries(packagesAtStart)) {
  test(`${start} loads no package beyond its list`, () => {
    const loaded = loadedWith(start)
    const unwanted = [...loaded].filter(([name]) => !allowed.includes(name)).map(([, way]) => way)
    assert.deepEqual(unwanted, [], because)
    assert.deepEqual(
      allowed.filter((name) => !loaded.has(name)),
      [],
      'no longer needed in rules.ts',
    )
  })
}

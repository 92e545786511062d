import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { root } from './sources.ts'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optional?: boolean
}

const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as { packages: Record<string, Locked> }
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, Record<string, string>>
const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

test('the lock says what each package must be, but for what only other platforms install', () => {
  const unknown = packages.filter(([, { integrity }]) => integrity === undefined)
  const here = unknown.filter(([, { optional, os, cpu, libc }]) => {
    return optional !== true || (os?.includes('linux') && cpu?.includes('x64') && libc?.includes('musl') !== true)
  })
  assert.deepEqual(
    here.map(([path]) => path),
    [],
  )
})

test('the lock names no registry: whoever installs has their own', () => {
  assert.deepEqual(
    packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
    [],
  )
})

test('the engine, and what it is checked with, can be installed on Linux and macOS, Intel and ARM', () => {
  for (const [os, cpu] of [
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'x64'],
    ['darwin', 'arm64'],
  ] as const) {
    for (const scope of ['node_modules/@chdb/lib-', 'node_modules/@biomejs/cli-']) {
      const fitting = packages.filter(([path, locked]) => {
        return path.startsWith(scope) && locked.os?.includes(os) && locked.cpu?.includes(cpu)
      })
      assert.ok(fitting.length > 0, `${scope}… for ${os} ${cpu}`)
    }
  }
})

test('package.json names exact versions, and the lock has the same', () => {
  for (const section of ['dependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[section] ?? {})) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name)
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
    }
  }
})

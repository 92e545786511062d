import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { closeToOthers, makeDirectory, makePrivateDirectory } from './make-directory.ts'

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'tg-make-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

test('makes what is missing, for this user alone, and leaves what is there', (t) => {
  const top = folder(t)
  assert.equal(makeDirectory(join(top, 'a', 'b', 'c')), true)
  for (const made of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(top, made)).mode & 0o777, 0o700)
  assert.equal(makeDirectory(join(top, 'a', 'b')), false)
  mkdirSync(join(top, 'real'))
  symlinkSync(join(top, 'real'), join(top, 'link'))
  assert.equal(makeDirectory(join(top, 'link', 'below')), true)
  assert.ok(statSync(join(top, 'real', 'below')).isDirectory())
})

test('closes to others what is there already', (t) => {
  const top = folder(t)
  const modeOf = (path: string) => statSync(path).mode & 0o7777
  mkdirSync(join(top, 'open'))
  chmodSync(join(top, 'open'), 0o2755)
  makePrivateDirectory(join(top, 'open'))
  assert.equal(modeOf(join(top, 'open')), 0o2700)
  makePrivateDirectory(join(top, 'new', 'below'))
  assert.equal(modeOf(join(top, 'new', 'below')), 0o700)
  writeFileSync(join(top, 'file'), '')
  chmodSync(join(top, 'file'), 0o644)
  closeToOthers(join(top, 'file'))
  assert.equal(modeOf(join(top, 'file')), 0o600)
})

test('names what is in the way', (t) => {
  const top = folder(t)
  const file = join(top, 'file')
  writeFileSync(file, '')
  const nowhere = join(top, 'nowhere')
  symlinkSync(join(top, 'gone'), nowhere)
  const circle = join(top, 'circle')
  symlinkSync(circle, circle)
  const cases: [path: string, code: string, place: string][] = [
    [file, 'ENOTDIR', file],
    [join(file, 'a', 'b'), 'ENOTDIR', file],
    [nowhere, 'ENOTDIR', nowhere],
    [join(nowhere, 'a', 'b'), 'ENOTDIR', nowhere],
    [join(circle, 'a'), 'ELOOP', join(circle, 'a')],
    [join(top, 'x'.repeat(300)), 'ENAMETOOLONG', join(top, 'x'.repeat(300))],
    ['/proc/nope/deeper', 'ENOENT', '/proc'],
  ]
  for (const [path, code, place] of cases) {
    assert.throws(() => makeDirectory(path), { name: 'MakeDirectoryFault', code, place }, path)
  }
})

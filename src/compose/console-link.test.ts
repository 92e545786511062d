import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryLocked } from '#store/directory-lock.ts'
import { giveUp } from './console-link.ts'

const holder = { pid: 7, host: 'a', sinceMs: 0, address: 'http://127.0.0.1:4000' }

test('the console of a server that is starting is waited for, and nobody is told to stop that server', () => {
  const locked = new DirectoryLocked('/data', holder)
  assert.equal(giveUp(locked, 59_000), null)
  const { message } = giveUp(locked, 60_001) ?? {}
  assert.match(message ?? '', /^the console of process 7 at http:\/\/127\.0\.0\.1:4000 is not up yet: try again/)
})

test('another command that has the directory is named', () => {
  for (const other of [null, { ...holder, address: '' }]) {
    const locked = new DirectoryLocked('/data', other)
    assert.equal(giveUp(locked, 9_000), null)
    assert.equal(giveUp(locked, 10_001), locked)
  }
})

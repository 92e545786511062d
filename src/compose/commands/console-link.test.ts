import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryLocked } from '#store/directory-lock.ts'
import { giveUp } from './console-link.ts'

const holder = { pid: 7, host: 'a', sinceMs: 0, address: 'http://127.0.0.1:4000' }

test('the console of a server that is starting is waited for, and nobody is told to stop that server', () => {
  const locked = new DirectoryLocked('/data', holder)
  assert.equal(giveUp(locked, { waitedMs: 59_000, fault: null }), null)
  const { message } = giveUp(locked, { waitedMs: 60_001, fault: null }) ?? {}
  assert.match(message ?? '', /^the console of process 7 at http:\/\/127\.0\.0\.1:4000 is not up yet: try again/)
})

test('another command that has the directory is named', () => {
  for (const other of [null, { ...holder, address: '' }]) {
    const locked = new DirectoryLocked('/data', other)
    assert.equal(giveUp(locked, { waitedMs: 9_000, fault: null }), null)
    assert.equal(giveUp(locked, { waitedMs: 10_001, fault: null }), locked)
  }
})

test('a console that fails to start is not waited for as long, and its fault is told', () => {
  const locked = new DirectoryLocked('/d', holder)
  const fault = 'ended with exit code 1'
  assert.equal(giveUp(locked, { waitedMs: 9_000, fault }), null)
  assert.match(
    giveUp(locked, { waitedMs: 10_001, fault })?.message ?? '',
    /its console ended with exit code 1; it is started again/,
  )
})

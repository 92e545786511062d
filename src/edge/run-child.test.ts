import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runAside } from './run-child.ts'

const neverMs = 600_000

test('a program that is run aside says what it has to say, and how it ended', async () => {
  const says = "process.stdout.write('out'); process.stderr.write('err'); "
  assert.deepEqual(await runAside(['-e', says], neverMs), { end: null, stdout: 'out', stderr: 'err' })
  const failed = await runAside(['-e', `${says} process.exitCode = 3`], neverMs)
  assert.deepEqual(failed, { end: 'it ended with code 3', stdout: 'out', stderr: 'err' })
})

test('one that does not end is ended', async () => {
  const { end } = await runAside(['-e', 'setInterval(() => {}, 1000)'], 1)
  assert.equal(end, 'it ended with SIGKILL, after 1 ms')
})

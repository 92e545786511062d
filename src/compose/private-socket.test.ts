import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { privately } from './private-socket.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tg-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a socket and its folder are for this user alone, also in a folder that was open to others', async (t) => {
  const run = join(folderOf(t), 'run')
  mkdirSync(run)
  chmodSync(run, 0o755)
  const path = join(run, 'a.sock')
  const server = createServer()
  t.after(() => server.close())
  let during = 0
  await privately(path, async () => {
    during = modeOf(run)
    await new Promise<void>((resolve) => server.listen(path, resolve))
  })
  assert.equal(during, 0o700, 'closed before the socket is there')
  assert.equal(modeOf(run), 0o700)
  assert.equal(modeOf(path), 0o600)
})

test('a folder that is made elsewhere meanwhile can be used', async (t) => {
  const folder = folderOf(t)
  const usual = join(folder, 'usual')
  mkdirSync(usual)
  const meanwhile = join(folder, 'meanwhile')
  const path = join(folder, 'run', 'a.sock')
  const server = createServer()
  t.after(() => server.close())
  await privately(path, async () => {
    mkdirSync(meanwhile)
    await new Promise<void>((resolve) => server.listen(path, resolve))
  })
  assert.equal(modeOf(meanwhile), modeOf(usual))
})

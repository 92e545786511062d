import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { version } from '#compose/version.ts'
import { root } from '#test/tidy/sources.ts'

/** A clone in which npm has just installed everything by itself. */
function clone(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tg-clone-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const made of ['scripts', 'node_modules']) mkdirSync(join(folder, made))
  for (const file of ['package.json', 'package-lock.json', 'scripts/bootstrap.mjs'])
    copyFileSync(join(root, file), join(folder, file))
  for (const linked of ['src', 'node_modules/node']) symlinkSync(join(root, linked), join(folder, linked))
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{}')
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'scripts/bootstrap.mjs'), ...args], {
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
    })
  return { folder, start, cache: join(folder, 'node_modules/.cache') }
}

test('the first start after an installation compiles everything, the next one nothing', (t) => {
  const { start, cache } = clone(t)
  const first = start('--version')
  assert.equal(first.stdout, `${version}\n`)
  assert.equal(first.stderr, 'Compiling, some seconds …\n')
  const compiled = readdirSync(cache, { recursive: true })
  assert.ok(compiled.length > 1000, `only ${compiled.length} files were compiled`)
  const next = start('--version')
  assert.equal(next.stdout, `${version}\n`)
  assert.equal(next.stderr, '')
  assert.deepEqual(readdirSync(cache, { recursive: true }), compiled)
})

test('a SIGTERM to the whole group, which is passed on as well, stops in order', async (t) => {
  const { folder, start } = clone(t)
  start('--version')
  const group = spawn(process.execPath, [join(folder, 'scripts/bootstrap.mjs'), 'serve'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', TOLLGATE_LISTEN: '127.0.0.1:0' },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(group, 'exit')
  t.after(async () => {
    if (group.exitCode === null && group.pid !== undefined) process.kill(-group.pid, 'SIGKILL')
    await ended
  })
  let said = ''
  for await (const piece of group.stdout) {
    said += String(piece)
    if (/tollgate report --by/.test(said)) break
  }
  const answer = await fetch(`${/address +(\S+)/.exec(said)?.[1]}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${/Bearer (\S+)'/.exec(said)?.[1]}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gpt-4.1-mini',
      stream: true,
      messages: [{ role: 'user', content: '[[simulate: tokens=40 tps=40]] Take your time' }],
    }),
  })
  assert.ok(group.pid !== undefined)
  process.kill(-group.pid, 'SIGTERM')
  assert.match(await answer.text(), /data: \[DONE\]/)
  assert.deepEqual(await ended, [0, null])
})

test('where nothing can be kept it starts as ever, and says nothing', (t) => {
  const { start, cache } = clone(t)
  writeFileSync(cache, 'a file in its way')
  const { status, stdout, stderr } = start('--version')
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${version}\n`, stderr: '' })
})

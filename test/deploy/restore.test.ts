import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Tollgate, workplace } from '#test/serve/tollgate.ts'
import { until } from '#test/support/until.ts'
import { root } from './repository.ts'

/** The commands of the document, with its folders changed to these. */
function backUp(dataDir: string, to: string): void {
  const operations = readFileSync(`${root}docs/operations.md`, 'utf8')
  const commands = /```sh\n((?: *#.*\n)* *\S+\/node -e [\s\S]*?)```/.exec(operations)?.[1] ?? ''
  assert.match(commands, /settings\.db[\s\S]*cp -al \S+\/journal /, 'the settings first')
  const here = commands
    .replaceAll('/var/lib/tollgate', dataDir)
    .replaceAll('/backup', to)
    .replace('/opt/tollgate/node_modules/node/bin/node', process.execPath)
    .replace(/^ *tollgate /m, `${process.execPath} ${root}src/main.ts `)
  const path = `${tooLateOnce(to)}:${process.env['PATH']}`
  execFileSync('sh', ['-euc', here], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: path } })
}

/** A folder with a `cp` that, the first time, comes too late for a segment: it was compressed meanwhile. */
function tooLateOnce(beside: string): string {
  const folder = `${beside}.bin`
  const first = join(folder, 'first')
  mkdirSync(folder)
  writeFileSync(first, '')
  const lines = [
    ...['#!/bin/sh', 'for to; do :; done', 'PATH=${PATH#*:}', 'cp "$@" || exit'],
    `[ -e ${first} ] || exit 0`,
    `rm -r ${first} "$to"/*.tgj; exit 1`,
  ]
  writeFileSync(join(folder, 'cp'), `${lines.join('\n')}\n`, { mode: 0o700 })
  return folder
}

async function call(address: string, key: string): Promise<number> {
  const answer = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'hi' }] }),
  })
  await answer.arrayBuffer()
  return answer.status
}

test('what was copied while calls were running is a gateway with the same keys, and every call up to then', async (t) => {
  const place = workplace(t)
  const first = new Tollgate(t, place, ['serve'])
  const { address, key } = await first.ready()
  for (let calls = 0; calls < 10; calls++) assert.equal(await call(address, key), 200)

  const backup = join(place.folder, 'backup')
  mkdirSync(backup, { mode: 0o700 })
  const after = new AbortController()
  const running = Array.from({ length: 4 }, async () => {
    while (!after.signal.aborted) await call(address, key)
  })
  backUp(place.dataDir, backup)
  after.abort()
  await Promise.all(running)

  const restored = workplace(t)
  execFileSync('cp', ['-a', backup, restored.dataDir])
  const second = new Tollgate(t, restored, ['serve'])
  const { address: there } = await second.ready()
  assert.doesNotMatch(second.stdout, /shown only now/, 'its secrets are those of before')
  assert.equal(await call(there, key), 200)
  const answer = async (...args: string[]) => {
    const { stdout, stderr } = await new Tollgate(t, restored, [
      ...args,
      '--json',
      '--config',
      restored.configPath,
    ]).finished()
    return JSON.parse(stdout === '' ? `"${stderr}"` : stdout)
  }
  const verified = await answer('verify')
  assert.equal(verified.fault, null)
  assert.equal(verified.unsettledCalls, 0, 'what the copy broke off was booked at the start')
  const calls = verified.entries / 2
  assert.ok(calls >= 11)
  await until('the store to have every call of the journal', async () => {
    const { total } = await answer('report', '--by', 'model')
    return total?.requests === calls ? true : null
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const main = new URL('../../src/main.ts', import.meta.url).pathname

async function run(args: readonly string[], until: RegExp | null) {
  const child = spawn(process.execPath, [main, 'simulate', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const matched = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8')
        if (until?.test(output)) resolve()
      })
    }
  })
  const exited = once(child, 'exit')
  await Promise.race([matched, exited])
  return { child, exited, output: () => output }
}

test('the command says where it is and how to call it, answers, and stops cleanly', async () => {
  const { child, exited, output } = await run(['--listen', '127.0.0.1:0', '--speed', '0'], /curl .*\n.*\n/)
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0]
  const answer = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer any' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  assert.equal(answer.status, 200)
  await answer.text()
  child.kill('SIGTERM')
  const [code] = await exited
  assert.equal(code, 0)
})

test('an option that cannot be read is refused with what is expected', async () => {
  const { exited, output } = await run(['--listen', 'nowhere'], null)
  const [code] = await exited
  assert.notEqual(code, 0)
  assert.match(output(), /expected host:port/)
})

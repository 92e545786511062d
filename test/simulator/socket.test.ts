import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { startSimulator } from './running.ts'

let folder: string
let simulator: RunningSimulator

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'simulated-socket-'))
  simulator = await startSimulator({ socketPath: join(folder, 'simulator.sock') })
})
after(async () => {
  await simulator.close()
  rmSync(folder, { recursive: true })
})

/** What came of an answer over the socket, and whether it broke off. */
function ask(directives: string, stream: boolean): Promise<{ text: string; broke: boolean }> {
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer any', 'x-simulate': directives }
    const asking = request(
      { socketPath: simulator.address, method: 'POST', path: '/v1/chat/completions', headers },
      (response) => {
        let text = ''
        response.on('data', (piece) => {
          text += piece
        })
        response.on('error', () => {})
        response.on('close', () => resolve({ text, broke: !response.complete }))
      },
    )
    asking.on('error', () => resolve({ text: '', broke: true }))
    asking.end(JSON.stringify({ model: 'gpt-4.1-mini', stream, messages: [{ role: 'user', content: 'Hello' }] }))
  })
}

// As `tollgate serve` runs it: a Unix socket cannot be reset, and asking for it must not end the provider.
test('a reset on a Unix socket breaks off one answer, and the next one is served', async () => {
  assert.deepEqual(await ask('reset=before-headers', false), { text: '', broke: true })
  assert.equal((await ask('reset=after-headers', false)).broke, true)
  const begun = await ask('reset=2', true)
  assert.equal(begun.broke, true)
  assert.equal(begun.text.split('\n\n').filter((event) => event !== '').length, 2)
  assert.equal((await ask('', false)).broke, false)
})

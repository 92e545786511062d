import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Workplace, workplace } from './tollgate.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** `tollgate …`, of which one stream goes to a disk without room and the other here. */
function printing(t: TestContext, place: Workplace, args: readonly string[], full: 'stdout' | 'stderr') {
  const device = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [main, ...args], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'] ?? '', TOLLGATE_LISTEN: '127.0.0.1:0', TOLLGATE_LOG_LEVEL: 'debug' },
    stdio: ['ignore', full === 'stdout' ? device : 'pipe', full === 'stderr' ? device : 'pipe'],
  })
  closeSync(device)
  const said = { text: '' }
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  t.after(async () => {
    if (child.exitCode === null) child.kill('SIGTERM')
    await exit
  })
  const heard = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said.text += String(chunk)
        const [, address] = /(?:"address":"|address +)(http:[^"\s]+)/.exec(said.text) ?? []
        if (address !== undefined) resolve(address)
      })
  })
  return { child, said, exit, heard }
}

async function servesOn(child: ChildProcess, address: string): Promise<void> {
  // Each is a line of the log, of all processes.
  for (let reload = 0; reload < 5; reload++) {
    child.kill('SIGHUP')
    assert.equal((await fetch(`${address}/health`)).status, 200)
  }
}

describe('where what it prints goes to a disk that is full', () => {
  for (const full of ['stdout', 'stderr'] as const) {
    it(`what serves others goes on without its ${full}, and stops in order`, async (t) => {
      const { child, said, exit, heard } = printing(t, workplace(t), ['serve'], full)
      await servesOn(child, await heard)
      child.kill('SIGTERM')
      assert.equal(await exit, 0, said.text)
      assert.doesNotMatch(said.text, /ENOSPC/)
    })
  }

  for (const args of [['--help'], ['verify'], ['keys', 'list']]) {
    it(`\`tollgate ${args.join(' ')}\` fails, with a word and no stack`, async (t) => {
      const { said, exit } = printing(t, workplace(t), args, 'stdout')
      assert.notEqual(await exit, 0)
      assert.match(said.text, /^tollgate: what it prints cannot be written: ENOSPC/m)
      assert.doesNotMatch(said.text, /\n +at /)
    })
  }
})

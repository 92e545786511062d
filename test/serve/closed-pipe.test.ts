import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Tollgate, workplace } from './tollgate.ts'

const commands = [
  ['--help'],
  ['--version'],
  ['verify', '--help'],
  ['help', 'report'],
  ['verify'],
  ['doctor', '--json'],
  ['prices', 'gpt-4.1'],
  ['keys', 'list'],
]

describe('where nobody reads what it prints', () => {
  for (const args of commands) {
    it(`\`tollgate ${args.join(' ')}\` ends without a word, as a program does that SIGPIPE ends`, async (t) => {
      const tollgate = new Tollgate(t, workplace(t), args)
      tollgate.process.stdout?.destroy()
      assert.equal(await tollgate.exit, 141, tollgate.stderr)
      assert.doesNotMatch(tollgate.stderr, /EPIPE|\n +at /)
    })
  }

  it('a fault that nobody reads ends it as well', async (t) => {
    const tollgate = new Tollgate(t, workplace(t), ['nonsense'])
    tollgate.process.stderr?.destroy()
    assert.equal(await tollgate.exit, 141)
  })

  it('what serves others goes on', async (t) => {
    const tollgate = new Tollgate(t, workplace(t), ['serve'])
    tollgate.process.stdout?.destroy()
    const [, address] = await tollgate.says(/"address":"(http:[^"]+)","msg":"gateway is ready"/, 'stderr')
    // After the banner, of which nobody can be told.
    await tollgate.says(/"console is ready"/, 'stderr')
    assert.equal((await fetch(`${address}/health`)).status, 200)
    tollgate.process.kill('SIGTERM')
    assert.equal(await tollgate.exit, 0, tollgate.stderr)
    assert.doesNotMatch(tollgate.stderr, /EPIPE/)
  })
})

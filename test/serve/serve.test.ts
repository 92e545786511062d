import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { consoleFault } from '#compose/processes/console-fault.ts'
import { chat, childrenOf, Tollgate, type Workplace, workplace } from './tollgate.ts'

/** Not a zombie either: who is orphaned may wait long to be fetched. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

test('a first start shows what is needed, the printed curl works, SIGTERM ends it with code 0', async (t) => {
  const place = workplace(t)
  const tollgate = new Tollgate(t, place, ['serve'])
  await tollgate.ready()
  assert.match(tollgate.stdout, /admin token +tga-\S+ {2}\(shown only now\)/)
  assert.match(tollgate.stdout, /simulated/)
  const curl = /^ {2}(curl .*)$/m.exec(tollgate.stdout)?.[1] ?? ''
  const answer = JSON.parse(execFileSync('sh', ['-c', `${curl} --silent --max-time 20`], { encoding: 'utf8' }))
  assert.equal(answer.object, 'chat.completion')
  tollgate.process.kill('SIGTERM')
  assert.equal(await tollgate.exit, 0, tollgate.stderr)
})

test('secrets are shown once: a second start does not know them, and the first key still works', async (t) => {
  const place = workplace(t)
  const first = new Tollgate(t, place, ['serve'])
  const { key } = await first.ready()
  first.process.kill('SIGINT')
  assert.equal(await first.exit, 0, first.stderr)
  const second = new Tollgate(t, place, ['serve'])
  const { address } = await second.ready()
  assert.doesNotMatch(second.stdout, /shown only now/)
  assert.equal((await chat(address, key)).status, 200)
  const another = / \(npx tollgate (keys create .*)\)$/m.exec(second.stdout)?.[1]?.split(' ') ?? []
  assert.equal((await new Tollgate(t, place, another).finished()).code, 0)
})

test('faults of the configuration: all of them, one a line, code 2, and nothing is made', async (t) => {
  const place = workplace(t, 'lisen: 1\nproviders:\n  - name: a\n    kind: opnai\nkeys: [{name: k}]\n')
  const { code, stdout, stderr } = await new Tollgate(t, place, ['serve']).finished()
  assert.equal(code, 2)
  assert.equal(stdout, '')
  const lines = stderr.trim().split('\n')
  assert.equal(lines.length, 4, stderr)
  assert.match(lines[0] ?? '', /3 faults in the configuration/)
  assert.match(lines[2] ?? '', /^providers\[0\]\.kind \(line 4\): /)
})

test('a port that is taken is said in one line, before any secret is made', async (t) => {
  const place = workplace(t)
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const address = other.address()
  assert.ok(address !== null && typeof address === 'object')
  const listen = `127.0.0.1:${address.port}`
  const { code, stdout, stderr } = await new Tollgate(t, place, ['serve', '--listen', listen]).finished()
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`^tollgate: port ${address.port} on 127\\.0\\.0\\.1 is taken`))
  assert.equal(stderr.trim().split('\n').length, 1)
  const next = new Tollgate(t, place, ['serve'])
  await next.ready()
  assert.equal(stdout, '')
  assert.match(next.stdout, /admin token +tga-/)
})

const hindrances: [what: string, dataDir: (place: Workplace) => string, reason: RegExp][] = [
  [
    'a file is in the way of',
    ({ dataDir }) => {
      writeFileSync(dataDir, 'a file')
      return dataDir
    },
    /something is in its way: \/\S+ is a file; /,
  ],
  [
    'a file is above',
    ({ dataDir }) => {
      writeFileSync(dataDir, 'a file')
      return join(dataDir, 'below', 'it')
    },
    /something is in its way: \/\S+ is a file; /,
  ],
  [
    'a link to nothing is above',
    ({ folder, dataDir }) => {
      symlinkSync(join(folder, 'unmounted'), dataDir)
      return join(dataDir, 'below')
    },
    /something is in its way: \/\S+ is a link to something that is not there; /,
  ],
  // Nobody can make a directory there, not even root.
  ['a file system makes no', () => '/proc/nope', /not writable: \/proc takes no new directory \(.*\); give /],
]
for (const [what, dataDir, reason] of hindrances) {
  test(`${what} data directory: said in one line`, async (t) => {
    const place = workplace(t)
    const args = ['serve', '--data-dir', dataDir(place)]
    const { code, stderr } = await new Tollgate(t, place, args).finished()
    assert.equal(code, 1)
    assert.match(stderr, /^tollgate: the data directory .+; .*choose another data_dir\n$/)
    assert.match(stderr, reason)
  })
}

test('a role by itself does not look for ever for a place that there is none of', async (t) => {
  const place = workplace(t)
  const env = { TOLLGATE_DATA_DIR: '/proc/nope' }
  const { code, stderr } = await new Tollgate(t, place, ['run', 'gateway'], env).finished()
  assert.equal(code, 1)
  assert.match(stderr, /\/proc takes no new directory/)
})

test('a data directory whose path is too long for its sockets is said before anything is made', async (t) => {
  const place = workplace(t)
  const deep = join(place.folder, 'x'.repeat(100))
  mkdirSync(deep)
  const { code, stderr } = await new Tollgate(t, place, ['serve', '--data-dir', deep]).finished()
  assert.equal(code, 1)
  assert.match(stderr, /too long for the sockets/)
})

test('a console that cannot start is started again until it can, and says why not meanwhile', async (t) => {
  const place = workplace(t)
  const inTheWay = join(place.dataDir, 'run', 'console.sock')
  mkdirSync(inTheWay, { recursive: true })
  const tollgate = new Tollgate(t, place, ['serve'])
  const { address, key } = await tollgate.ready()
  await tollgate.says(/console cannot start: .*; starting it again in 250 ms/, 'stderr')
  assert.match(consoleFault(place.dataDir) ?? '', /cannot start: .*console\.sock/)
  assert.equal((await chat(address, key)).status, 200)
  rmSync(inTheWay, { recursive: true })
  await tollgate.says(/console is ready/, 'stderr')
  assert.equal(consoleFault(place.dataDir), null)
  const report = new Tollgate(t, place, ['report', '--by', 'department', '--json', '--config', place.configPath])
  assert.equal(JSON.parse((await report.finished()).stdout).total.requests, 1)
})

test('when the supervisor is killed, nothing of it stays behind', async (t) => {
  const place = workplace(t)
  const tollgate = new Tollgate(t, place, ['serve'])
  await tollgate.ready()
  await tollgate.says(/console is ready/, 'stderr')
  const children = childrenOf(tollgate.process.pid ?? 0)
  assert.deepEqual(children.map(({ role }) => role).sort(), ['console', 'gateway', 'simulator'])
  tollgate.process.kill('SIGKILL')
  // Its output ends only when the last of its children has gone: they inherited it.
  assert.equal(await tollgate.exit, 'SIGKILL')
  assert.deepEqual(
    children.filter(({ pid }) => isAlive(pid)),
    [],
  )
})

test('a call under way is finished before the stop', async (t) => {
  const place = workplace(t)
  const tollgate = new Tollgate(t, place, ['serve'])
  const { address, key } = await tollgate.ready()
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gpt-4.1-mini',
      stream: true,
      messages: [{ role: 'user', content: '[[simulate: tokens=40 tps=40]] Take your time' }],
    }),
  })
  assert.equal(response.status, 200)
  tollgate.process.kill('SIGTERM')
  assert.match(await response.text(), /data: \[DONE\]/)
  assert.equal(await tollgate.exit, 0, tollgate.stderr)
})

test('an unknown command is answered with the nearest one, code 1', async (t) => {
  const { code, stderr } = await new Tollgate(t, workplace(t), ['reprot']).finished()
  assert.equal(code, 1)
  assert.match(stderr, /did you mean "tollgate report"\?/)
})

test('every command explains itself', async (t) => {
  const place = workplace(t)
  for (const command of ['serve', 'report', 'logs', 'keys', 'prices', 'verify', 'simulate', 'doctor', 'compile']) {
    const { code, stdout } = await new Tollgate(t, place, [command, '--help']).finished()
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^Usage: tollgate ${command}|^Usage: ${command}`))
    assert.ok(!stdout.includes('\u001b'), 'no colour where output is not a terminal')
  }
})

import assert from 'node:assert/strict'
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '#test/support/free-port.ts'
import { firstProcess, Sandbox } from './sandbox.ts'
import { type Image, stageImage } from './stage.ts'

function place(t: TestContext, { uid, gid }: Image) {
  const folder = mkdtempSync(join(tmpdir(), 'tg-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const [data, tmp] = [join(folder, 'data'), join(folder, 'tmp')]
  for (const path of [data, tmp]) {
    mkdirSync(path, { mode: 0o700 })
    if (process.getuid?.() === 0) chownSync(path, uid, gid)
  }
  return { root: join(folder, 'root'), data, tmp }
}

/** All that it says until it says this. */
async function until(output: AsyncIterable<unknown>, mark: string): Promise<string> {
  let said = ''
  for await (const chunk of output) {
    said += String(chunk)
    if (said.includes(mark)) return said
  }
  throw new Error(`it ended without saying "${mark}":\n${said}`)
}

test('the image runs as its user on a read-only root: it starts, is healthy, serves, keeps its data, stops in order', async (t) => {
  const image = stageImage()
  t.after(() => image.remove())
  const { root, data, tmp } = place(t, image)
  const dataDir = image.volumes[0] ?? ''
  const sandbox = new Sandbox(image, { at: root, writable: { [dataDir]: data } })
  const fault = sandbox.fault()
  if (fault !== null) {
    assert.notEqual(process.env['REQUIRE_SANDBOX'], '1', fault)
    t.diagnostic(`the image cannot be run here without a container engine, so that is not tested: ${fault}`)
    return
  }

  // The stage that tries it, whose compiled code would be kept.
  const cache = join(image.folder, 'app/node_modules/.cache/tollgate')
  if (process.getuid?.() === 0) chownSync(cache, image.uid, image.gid)
  const trying = new Sandbox(image, { at: root, writable: { '/app/node_modules/.cache/tollgate': cache, '/tmp': tmp } })
  const tried = trying.run(['/usr/local/bin/node', '/app/try.mjs'])
  assert.equal(tried.status, 0, `${tried.stdout}${tried.stderr}`)

  const touch = 'for path in / /app /app/src /etc/tollgate /usr/local/bin /var /dev; do touch $path/x && exit 9; done'
  const seen = sandbox.run([
    'sh',
    '-c',
    `id -u; (${touch}) 2>/dev/null; touch ${dataDir}/x && rm ${dataDir}/x; echo $$`,
  ])
  assert.equal(seen.stdout, `${image.uid}\n1\n`, seen.stderr)

  const env = { TOLLGATE_LISTEN: `127.0.0.1:${await freePort()}`, TOLLGATE_LOG_LEVEL: 'debug' }
  const container = sandbox.start(image.command, env)
  const exit = new Promise<number | null>((resolve) => container.on('close', resolve))
  t.after(() => container.kill('SIGKILL'))
  assert.ok(container.stdout !== null && container.stderr !== null)
  let log = ''
  container.stderr.on('data', (chunk: Buffer) => {
    log += String(chunk)
  })
  const banner = await until(container.stdout, 'tollgate report --by')
  const key = /Bearer (\S+)'/.exec(banner)?.[1] ?? ''
  const answer = await fetch(`http://${env.TOLLGATE_LISTEN}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content: 'hi' }] }),
  })
  assert.equal(answer.status, 200, await answer.text())

  const healthy = sandbox.run(image.healthCheck, env)
  assert.equal(healthy.status, 0, `${healthy.stdout}${healthy.stderr}`)
  assert.equal(JSON.parse(healthy.stdout).status, 'ready')

  process.kill(firstProcess(container), 'SIGTERM')
  assert.equal(await exit, 0, log)
  assert.doesNotMatch(log, /EROFS|EACCES|"level":"(error|fatal)"/)
  const verified = sandbox.run([...image.command.slice(0, 1), 'verify'])
  assert.match(verified.stdout, /entries +2\n[\s\S]*sound: every byte is as it was written/, verified.stderr)
  assert.equal(sandbox.run(image.healthCheck, env).status, 1, 'what has stopped is not healthy')
})

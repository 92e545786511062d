import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Agent, fetch } from 'undici'
import { notHere } from '#test/support/debian.ts'
import { freePort } from '#test/support/free-port.ts'
import { until } from '#test/support/until.ts'
import { root } from './repository.ts'

const text = readFileSync(`${root}deploy/nginx/tollgate.conf`, 'utf8')

test('the proxy holds nothing back, repeats nothing and keeps /metrics inside', () => {
  for (const setting of ['proxy_buffering off', 'proxy_request_buffering off', 'gzip off', 'proxy_next_upstream off'])
    assert.ok(text.includes(`${setting};`), setting)
  assert.match(text, /client_max_body_size 64m;/)
  assert.match(text, /location = \/metrics \{ return 404; \}/)
})

test('through nginx a stream arrives event by event, and /metrics does not', async (t) => {
  if (spawnSync('nginx', ['-v']).error !== undefined || spawnSync('openssl', ['version']).error !== undefined) {
    return notHere(t, 'nginx or openssl is not here, so that the configuration is checked by its text alone')
  }
  let stream: ServerResponse | null = null
  const upstream = createServer((_, response) => {
    stream = response.writeHead(200, { 'content-type': 'text/event-stream' })
    stream.write('data: one\n\n')
  })
  const port = await listening(t, upstream)
  const proxy = await startNginx(t, port)
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  t.after(() => dispatcher.destroy())
  const ask = (path: string) => fetch(`https://127.0.0.1:${proxy}${path}`, { dispatcher })
  await until('nginx to answer', () =>
    ask('/metrics').then(
      ({ status }) => (status === 404 ? true : null),
      () => null,
    ),
  )
  const answer = await ask('/v1/chat/completions')
  const reader = answer.body?.getReader()
  // The second event is sent only when the first has come: held back, this would wait for ever.
  assert.equal(String(Buffer.from((await reader?.read())?.value)), 'data: one\n\n')
  assert.ok(stream !== null)
  ;(stream as ServerResponse).end('data: two\n\n')
  assert.equal(String(Buffer.from((await reader?.read())?.value)), 'data: two\n\n')
})

function listening(t: TestContext, server: Server): Promise<number> {
  t.after(() => server.close())
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

/** With the addresses and the certificate changed, and nothing else. Resolves with its port. */
async function startNginx(t: TestContext, upstream: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tg-nginx-'))
  const port = await freePort()
  const site = text
    .replace('127.0.0.1:4000', `127.0.0.1:${upstream}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/etc/ssl/tollgate', folder)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const around = ['daemon off;', `pid ${folder}/pid;`, 'error_log stderr;', 'events {}']
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${around.join('\n')}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${site}\n}\n`,
  )
  const key = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=localhost',
    ...key,
  ])
  assert.equal(made.status, 0, String(made.stderr))
  const checked = spawnSync('nginx', ['-t', '-c', join(folder, 'nginx.conf')], { encoding: 'utf8' })
  assert.equal(checked.status, 0, checked.stderr)
  assert.doesNotMatch(checked.stderr, /\[(warn|error|emerg)\]/)
  const running = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  const ended = new Promise((resolve) => running.on('exit', resolve))
  t.after(async () => {
    running.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  return port
}

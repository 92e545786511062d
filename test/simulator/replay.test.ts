import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunningSimulator } from '#compose/simulator/simulator.ts'
import { startSimulator } from './running.ts'

const streamed = 'data: {"id":"chatcmpl-1","choices":[]}\r\n\r\n: note\r\n\r\ndata: {"é":1}\r\n\r\ndata: [DONE]\r\n\r\n'

const recordings: Readonly<Record<string, object>> = {
  'acme/chat.completions-stream-one.json': {
    ...{ api: 'chat.completions', stream: true, url: 'https://acme.example/v1/chat/completions' },
    request: { model: 'acme-1', stream: true },
    response: { status: 200, headers: { 'content-type': 'text/event-stream', 'x-acme': 'yes' }, body: streamed },
  },
  'acme/chat.completions-json-error.json': {
    ...{ api: 'chat.completions', stream: false, url: null, request: { model: 'acme-1' } },
    response: { status: 429, headers: { 'retry-after': '7' }, body: { error: { message: 'slow' } } },
  },
  'acme/generateContent-json-one.json': {
    ...{ api: 'generateContent', stream: false, request: null },
    url: 'https://acme.example/v1beta/models/acme-g:generateContent',
    response: { status: 200, headers: {}, body: { candidates: [] } },
  },
}

let folder: string
let simulator: RunningSimulator

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'recordings-'))
  mkdirSync(join(folder, 'acme'))
  for (const [name, recording] of Object.entries(recordings))
    writeFileSync(join(folder, name), JSON.stringify(recording))
  simulator = await startSimulator({ replayDir: folder })
})
after(async () => {
  await simulator.close()
  rmSync(folder, { recursive: true })
})

function ask(path: string, body: object, directives = ''): Promise<Response> {
  const headers = { authorization: 'Bearer any', 'x-simulate': directives }
  return fetch(`${simulator.address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

test('a stream is replayed to the byte, with its status and headers, however it is cut', async () => {
  for (const directives of ['', 'cut=1', 'cut=5 speed=0', 'speed=1000']) {
    const response = await ask('/v1/chat/completions', { model: 'acme-1', stream: true }, directives)
    assert.equal(response.headers.get('x-acme'), 'yes')
    assert.equal(response.headers.get('x-request-id'), null)
    assert.equal(await response.text(), streamed)
  }
})

test('a recording is chosen by name, even where it is an error', async () => {
  const response = await ask('/v1/chat/completions', {}, 'replay=acme/chat.completions-json-error')
  assert.equal(response.status, 429)
  assert.equal(response.headers.get('retry-after'), '7')
  assert.deepEqual(await response.json(), { error: { message: 'slow' } })
  assert.equal((await ask('/v1/chat/completions', {}, 'replay=acme/none')).status, 404)
})

test('the model in a path chooses too, and what no recording fits is made up', async () => {
  const replayed = await ask('/v1beta/models/acme-g:generateContent', { contents: [] })
  assert.deepEqual(await replayed.json(), { candidates: [] })
  const made = await ask('/v1/embeddings', { model: 'text-embedding-3-small', input: 'x' })
  assert.equal(made.status, 200)
})

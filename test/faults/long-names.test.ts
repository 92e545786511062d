import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { encodeEntry } from '#core/ledger/codec.ts'
import type { LedgerEntry, OpenEntry } from '#core/ledger/entry.ts'
import { longestModel, longestResponseId, shortenedMark } from '#core/ledger/entry-bounds.ts'
import { frameHeadroomBytes } from '#core/ledger/frame.ts'
import { LineWriter } from '#core/ledger/line-writer.ts'
import { writeEntry } from '#core/ledger/write-entry.ts'
import { realDisk } from '#store/journal/disk.ts'
import { Tail } from '#store/journal/tail.ts'
import { verifyJournal } from '#store/journal/verify.ts'
import { openEntry } from '#test/journal/entries.ts'
import { httpAnswer, startRawUpstream } from '#test/support/raw-upstream.ts'
import { type Stack, type StackOptions, startStack } from '#test/support/stack.ts'

const narrow = `  - {name: team, key: tg-caller-5ecre7-0f-7he-team, models: ["gpt-4.1*", "gemini-*", "whisper-*", "raw-*"]}`
const relay = `  - {name: relay, kind: openai-compatible, base_url: "\${SIMULATOR}", api_key: sk-relay, models: ["raw-*"]}`

/** What made lines of entries too long, though not those of all. */
const longName = `gpt-4.1-${'a'.repeat(1_047_500)}`

async function withStack(options: StackOptions, use: (stack: Stack) => Promise<void>): Promise<void> {
  const stack = await startStack(options)
  try {
    await use(stack)
  } finally {
    await stack.stop()
  }
}

function post(stack: Stack, path: string, body: object | FormData): Promise<Response> {
  const form = body instanceof FormData
  const headers = { authorization: `Bearer ${stack.key}`, ...(form ? {} : { 'content-type': 'application/json' }) }
  return fetch(`${stack.url}${path}`, { method: 'POST', headers, body: form ? body : JSON.stringify(body) })
}

/** As a version wrote them that took lines of a megabyte. */
function writeOpens(dir: string, opens: readonly OpenEntry[]): void {
  realDisk.makeDirectory(dir)
  const tail = Tail.open(realDisk, dir, 1, { instance: 'older', nowMs: 1 })
  for (const open of opens) {
    const lines = new LineWriter({ headroomBytes: frameHeadroomBytes, bytes: 4096 })
    writeEntry(lines, open)
    lines.endLine()
    tail.append(lines, 1)
  }
  tail.close()
}

const messages = [{ role: 'user', content: 'Hello' }]

function upload(model: string): FormData {
  const form = new FormData()
  form.set('model', model)
  form.set('file', new Blob(['RIFF']), 'a.wav')
  return form
}

describe('a model name longer than any', () => {
  it('is refused wherever it stands, in few words, and goes nowhere', () =>
    withStack({ keys: narrow }, async (stack) => {
      const gemini = `gemini-${'b'.repeat(400)}`
      const calls: readonly (readonly [string, object | FormData, number])[] = [
        ['/v1/chat/completions', { model: longName, messages }, longName.length],
        ['/v1/chat/completions', { model: longName, messages, stream: true }, longName.length],
        ['/v1/messages', { model: longName, messages, max_tokens: 9 }, longName.length],
        ['/v1/responses', { model: longName, input: 'Hello', background: true }, longName.length],
        ['/v1/embeddings', { model: 'x'.repeat(longestModel + 1), input: 'Hello' }, longestModel + 1],
        [`/v1beta/models/${gemini}:generateContent`, { contents: [] }, gemini.length],
        ['/v1/audio/transcriptions', upload(`whisper-${'c'.repeat(300)}`), 308],
      ]
      for (const [path, body, length] of calls) {
        const answer = await post(stack, path, body)
        const text = await answer.text()
        assert.equal(answer.status, 404, text)
        assert.match(text, new RegExp(`at most 256 characters; this one has ${length}`))
        assert.ok(text.length < 400, text)
      }
      assert.equal(stack.bill().length, 0)
      const entries = await stack.journal()
      assert.deepEqual(
        entries.map(({ kind }) => kind),
        calls.map(() => 'settle'),
      )
      for (const entry of entries) assert.ok(encodeEntry(entry).length < 2_000)
      assert.ok((await stack.ledger()).every(({ errorCode }) => errorCode === 'model_not_found'))
      assert.equal((await fetch(`${stack.url}/metrics`)).status, 200)
    }))

  it('is not one of 256 characters, which goes where it is asked for and is booked', () =>
    withStack({ keys: narrow }, async (stack) => {
      const model = `gpt-4.1-${'a'.repeat(longestModel - 8)}`
      const answer = await post(stack, '/v1/chat/completions', { model, messages })
      await answer.text()
      assert.equal(answer.status, 404)
      const [open, settle, ...more] = await stack.journal()
      assert.deepEqual([open?.kind, settle?.kind, more.length], ['open', 'settle', 0])
      assert.deepEqual([settle?.call.modelRequested, settle?.call.modelRouted], [model, model])
    }))
})

describe('a data directory in which a call was left open whose name fills a line', () => {
  it('is started from: the call is booked as interrupted, shortened, once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tg-'))
    const dir = join(dataDir, 'journal')
    const usual = openEntry('usual')
    const named = (open: OpenEntry, modelRouted: string) => ({ ...open, call: { ...open.call, modelRouted } })
    const filled = (open: OpenEntry) => {
      const room = 1024 * 1024 - encodeEntry(named(open, '')).length
      return named(open, 'a'.repeat(room))
    }
    const job: OpenEntry = { ...openEntry('job'), responseId: 'resp_1' }
    writeOpens(dir, [filled(openEntry('long')), usual, filled({ ...job, call: { ...job.call, startedAtMs: 1 } })])
    await withStack({ dataDir }, async (stack) => {
      const records = new Map((await stack.ledger()).map((entry) => [entry.call.callId, entry]))
      assert.deepEqual([...records.keys()].toSorted(), ['job', 'long', 'usual'])
      const { call, marks, outcome, tokens } = records.get('long') ?? assert.fail()
      assert.ok(call.modelRouted === 'a'.repeat(longestModel))
      assert.deepEqual([outcome, tokens.input], ['interrupted', usual.estimatedInputTokens])
      assert.ok(marks.includes(shortenedMark))
      assert.deepEqual(records.get('usual')?.call, usual.call)
      assert.deepEqual(records.get('usual')?.marks, [])
      await stack.stopGateway()
      await stack.startGateway()
      assert.equal((await stack.ledger()).length, 3)
      assert.equal((await post(stack, '/v1/chat/completions', { model: 'gpt-4.1', messages })).status, 200)
      assert.equal((await fetch(`${stack.url}/metrics`)).status, 200)
      await stack.stopGateway()
      assert.equal((await verifyJournal({ dir })).fault, null)
    })
  })
})

describe('an answer whose texts have no end', () => {
  const long = 'm'.repeat(1_200_000)
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }

  async function booked(body: object, asked: object, path = '/v1/chat/completions'): Promise<readonly LedgerEntry[]> {
    const upstream = await startRawUpstream()
    let entries: readonly LedgerEntry[] = []
    try {
      upstream.answers(httpAnswer(JSON.stringify(body)))
      await withStack({ keys: narrow, providers: relay, upstream: upstream.url }, async (stack) => {
        const answer = await post(stack, path, { model: 'raw-1', ...asked })
        assert.equal(answer.status, 200)
        assert.ok((await answer.text()) === JSON.stringify(body))
        await stack.stopGateway()
        await stack.startGateway()
        entries = await stack.journal()
        for (const entry of entries) assert.ok(encodeEntry(entry).length < 5_000)
      })
    } finally {
      await upstream.close()
    }
    return entries
  }

  it('is passed on and booked to the last token', async () => {
    const choices = [{ index: 0, finish_reason: long, message: { role: 'assistant', content: 'Hi' } }]
    const named = { id: long, object: 'chat.completion', model: long, service_tier: long, system_fingerprint: long }
    const [, record, ...more] = await booked({ ...named, choices, usage }, { messages })
    assert.ok(record?.kind === 'settle' && more.length === 0)
    assert.deepEqual([record.tokens.input, record.tokens.output, record.marks], [1000, 100, ['unpriced']])
    assert.ok(record.modelServed === long.slice(0, longestModel))
  })

  it('leaves an error that is cut', async () => {
    const [, record] = await booked({ error: { code: long, type: long, message: long } }, { messages })
    assert.ok(record?.kind === 'settle' && record.outcome === 'failed')
    assert.ok(record.errorCode.length <= 200 && record.errorMessage.length <= 1_000)
  })

  it('orders a job that is known by a part of its id, over a restart too', async () => {
    const job = { id: long, object: 'response', status: 'queued', model: long, background: true, output: [] }
    const entries = await booked(job, { input: 'Hello', background: true }, '/v1/responses')
    const open = entries.findLast((entry) => entry.kind === 'open')
    assert.equal(open?.responseId?.length, longestResponseId)
    // The record of the call; the job goes on.
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ['open', 'settle', 'open'],
    )
  })
})

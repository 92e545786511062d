import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainAccent } from './accents.ts'
import { readAnswer } from './read-answer.ts'
import { createStreamMeter } from './stream-meter.ts'

const source = { api: 'chat.completions', accent: plainAccent } as const
const answerWith = (lists: number): Buffer =>
  Buffer.from(
    `{"model":"gpt-4.1","choices":[],"x":[${'[],'.repeat(lists)}0],"usage":{"prompt_tokens":10,"completion_tokens":5}}`,
  )

test('an answer that is made of far too many values is not parsed', () => {
  const read = (lists: number) =>
    readAnswer({ ...source, status: 200, contentType: 'application/json', body: answerWith(lists) }).usage
  assert.equal(read(100_000)?.outputTokens, 5)
  assert.equal(read(5_200_000), null)
})

test('nor is such an event, and those after it are', () => {
  const meter = createStreamMeter({ ...source, dropUsageChunk: false })
  meter.push(Buffer.concat([Buffer.from('data: '), answerWith(5_200_000), Buffer.from('\n\n')]))
  assert.equal(meter.reading().usage, null)
  meter.push(Buffer.concat([Buffer.from('data: '), answerWith(100_000), Buffer.from('\n\n')]))
  assert.equal(meter.reading().usage?.outputTokens, 5)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withOwnResultsAddress } from './results-address.ts'

const at = (text: string) => withOwnResultsAddress(Buffer.from(text)).toString()

test('the results of a batch are where the SDK thinks that its API is', () => {
  assert.equal(
    at('{"id":"b","results_url": "https://api.anthropic.com/v1/messages/batches/b/results","x":"ü"}'),
    '{"id":"b","results_url": "/v1/messages/batches/b/results","x":"ü"}',
  )
  assert.equal(
    at('{"data":[{"results_url":null},{"results_url":"https://a/v1/messages/batches/c/results"}]}'),
    '{"data":[{"results_url":null},{"results_url":"/v1/messages/batches/c/results"}]}',
  )
})

test('everything else stays as it is, to the byte', () => {
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
  assert.equal(withOwnResultsAddress(bytes), bytes)
  for (const text of ['{"results_url":"https://example.com/other"}', '{"a":"results_url\\":\\"https://x"}']) {
    assert.equal(at(text), text)
  }
})

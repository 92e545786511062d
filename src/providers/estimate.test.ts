import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimateInputTokens, estimateOutputTokens, estimateTokens, roughInputTokens } from './estimate.ts'

const english =
  'The gateway writes an open entry before the call goes upstream, and a settle entry before the last byte. '

/** Within a share of the exact number. */
function near(actual: number, exact: number, share: number): void {
  assert.ok(Math.abs(actual - exact) <= exact * share, `${actual} is not within ${share} of ${exact}`)
}

test('short texts are counted exactly', async () => {
  assert.equal(await estimateOutputTokens(''), 0)
  assert.equal(await estimateOutputTokens('hello world'), 2)
  assert.equal(await estimateTokens(['hello', 'hello']), 2)
  assert.ok((await estimateOutputTokens('<|endoftext|>')) > 1)
})

test('long texts are counted in samples', async () => {
  const one = await estimateOutputTokens(english)
  near(await estimateOutputTokens(english.repeat(20_000)), one * 20_000, 0.05)
})

test('words without an end are counted in pieces', async () => {
  near(
    await estimateOutputTokens('网关写入记录'.repeat(2_000)),
    (await estimateOutputTokens('网关写入记录'.repeat(20))) * 100,
    0.05,
  )
  assert.ok((await estimateOutputTokens('a'.repeat(1_000_000))) > 10_000)
})

test('a request counts what the model reads, whatever the API', async () => {
  const text = await estimateOutputTokens(english)
  const bodies = [
    { model: 'm', messages: [{ role: 'user', content: english }] },
    { model: 'm', input: english },
    { model: 'm', prompt: [english] },
    { contents: [{ parts: [{ text: english }] }] },
    { model: 'm', system: english, messages: [], metadata: { not: english.repeat(9) } },
    {
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: english },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(9_000)}` } },
          ],
        },
      ],
    },
  ]
  for (const body of bodies) {
    const tokens = await estimateInputTokens(Buffer.from(JSON.stringify(body)))
    assert.ok(tokens >= text && tokens <= text + 12, `${tokens} for ${JSON.stringify(body).slice(0, 60)}`)
  }
  const withTools = {
    model: 'm',
    messages: [{ role: 'user', content: english }],
    tools: [{ type: 'function', function: { name: 'weather', description: english } }],
  }
  near(await estimateInputTokens(Buffer.from(JSON.stringify(withTools))), 2 * text + 12, 0.2)
})

test('what is no JSON object has no tokens that could be counted', async () => {
  for (const body of ['', '--boundary', '[1]', '"x"']) assert.equal(await estimateInputTokens(Buffer.from(body)), 0)
})

test('the rough number is a quarter of the text', () => {
  assert.equal(roughInputTokens({ inputChars: 0, hasMediaInput: false }, 0), 0)
  assert.equal(roughInputTokens({ inputChars: 100, hasMediaInput: false }, 120), 30)
  assert.equal(roughInputTokens({ inputChars: 100, hasMediaInput: false }, 600), 75)
  assert.equal(roughInputTokens({ inputChars: 100, hasMediaInput: true }, 1_000_000), 25)
})

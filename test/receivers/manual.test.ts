import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { root } from '#test/tidy/sources.ts'
import { delivererFor } from './deliverer.ts'
import { notificationOf, receiverOf, webhookSecrets } from './sample.ts'
import { faultOf } from './schemas.ts'
import { startService } from './service.ts'

const manual = readFileSync(`${root}docs/alerts.md`, 'utf8')

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(manual)?.[1] ?? assert.fail(`no ${language}`)
}

test('the body that the manual shows is one that is sent', () => {
  assert.equal(faultOf('webhook', block('json')), null)
})

test('the manual’s check of a signature takes what is sent, with either secret, and nothing else', async (t) => {
  const service = await startService('webhook')
  t.after(() => service.close())
  await delivererFor(t).send(receiverOf('webhook', service.url), notificationOf(), Date.now())
  const [{ headers, body } = assert.fail()] = service.requests
  const { isFromTollgate } = await import(`data:text/javascript,${encodeURIComponent(block('js'))}`)
  for (const secret of webhookSecrets) assert.equal(isFromTollgate(headers, Buffer.from(body), secret), true)
  assert.equal(isFromTollgate(headers, Buffer.from(body), 'whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=='), false)
  assert.equal(isFromTollgate(headers, Buffer.from(`${body} `), webhookSecrets[0]), false)
  const old = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) }
  assert.equal(isFromTollgate(old, Buffer.from(body), webhookSecrets[0]), false)
  assert.equal(isFromTollgate({}, Buffer.from(body), webhookSecrets[0]), false)
})

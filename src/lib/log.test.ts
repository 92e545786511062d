import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, prettyLine } from './log.ts'

function logged(format: 'json' | 'pretty', write: (log: ReturnType<typeof createLog>) => void): string {
  let text = ''
  const keep = (line: string) => {
    text += line
  }
  write(createLog({ level: 'info', format, name: 'gateway' }, { write: keep }))
  return text
}

test('credentials never reach a log, however deep and whatever the header is called', () => {
  const secret = 'sk-very-secret'
  for (const format of ['json', 'pretty'] as const) {
    const text = logged(format, (log) => {
      log.info({ authorization: secret, apiKey: secret, key: secret, token: secret }, 'flat')
      log.info(
        { headers: { authorization: secret, 'x-api-key': secret, 'x-goog-api-key': secret, cookie: secret } },
        'deep',
      )
      log.info({ request: { headers: { authorization: secret, 'proxy-authorization': secret } } }, 'deeper')
      log.info({ body: { messages: [{ content: secret }], prompt: secret } }, 'words')
    })
    assert.ok(!text.includes(secret), text)
    assert.equal(text.trim().split('\n').length, 4)
  }
})

test('a line for people has time, level, role, message and fields', () => {
  const line = prettyLine(
    '{"level":"warn","time":"2026-01-02T03:04:05.678Z","role":"gateway","upstream":"openai","why":"not there","msg":"retrying"}',
  )
  assert.equal(line, '03:04:05.678 WARN  gateway   retrying  upstream=openai  why="not there"\n')
})

test('an error is shown with its stack', () => {
  assert.match(
    logged('pretty', (log) => log.error({ err: new Error('boom') }, 'failed')),
    /boom[\s\S]*at /,
  )
})

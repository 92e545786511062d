import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '#test/tidy/sources.ts'

test('a file of tests that leaves something open fails and says what, in place of holding up the suite', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tg-runner-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'leaves.test.mjs')
  writeFileSync(
    file,
    `import { createServer } from 'node:net'
     import { test } from 'node:test'
     test('passes', () => { createServer().listen(0, '127.0.0.1') })`,
  )
  const options = [`--import=${root}scripts/test-file-limit.mjs`, `--test-reporter=${root}scripts/test-reporter.mjs`]
  const { status, stdout } = spawnSync(process.execPath, ['--test', ...options, file], {
    // None of what the runner around this test tells its processes.
    env: { PATH: process.env['PATH'] ?? '', TEST_FILE_LIMIT_MS: '100' },
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 1, stdout)
  assert.match(stdout, /did not end within 0\.1 s; left open: .*TCPServerWrap/)
  assert.match(stdout, /\n1 passed, 1 failed\n$/)
})

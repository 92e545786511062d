import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Command } from 'commander'
import type { Clock } from '#ports.ts'
import type { ConsoleLink, OpenConsoleLink } from './console-link.ts'
import { exportCommand } from './export.ts'
import { logsCommand } from './logs.ts'

const lastPage = 4

/** Exports some pages to somebody who takes each only after a while, over the end of a month. Answers what was asked. */
async function askedBy(
  t: TestContext,
  commandOf: (open: OpenConsoleLink, clock: Clock) => Command,
  args: readonly string[],
): Promise<URLSearchParams[]> {
  const asked: URLSearchParams[] = []
  let untaken = false
  let wallMs = Date.parse('2026-10-31T23:59:59Z')
  t.mock.method(process.stdout, 'write', (text: unknown) => {
    // What is no text is the test runner's.
    if (typeof text !== 'string') return true
    untaken = true
    setImmediate(() => {
      untaken = false
      process.stdout.emit('drain')
    })
    return false
  })
  const link: ConsoleLink = {
    holdsDirectory: false,
    async get(path) {
      assert.equal(untaken, false, 'asks for more while what was written is not taken')
      asked.push(new URLSearchParams(path.slice(path.indexOf('?'))))
      wallMs += 60_000
      const page = { data: [{ call_id: `call-${asked.length}` }], incomplete_before: null }
      const cursor = asked.length === lastPage ? null : String(asked.length)
      return { status: 200, fresh: true, body: JSON.stringify({ ...page, next_cursor: cursor }) }
    },
    send: () => Promise.reject(new Error('nothing is changed')),
    close: async () => undefined,
  }
  const clock = { wallMs: () => wallMs, monotonicMs: () => 0 }
  await commandOf(async () => link, clock).parseAsync(args, { from: 'user' })
  t.mock.restoreAll()
  return asked
}

const rangesOf = (asked: readonly URLSearchParams[]) => [
  ...new Set(asked.map((query) => [query.get('from'), query.get('to'), query.get('range')].join(' '))),
]
const now = '2026-10-31T23:59:59.001Z'

test('all pages of an export are of one range, and none is asked for before the one before is taken', async (t) => {
  const ranges = async (...args: string[]) => {
    const asked = await askedBy(t, exportCommand, args)
    assert.equal(asked.length, lastPage)
    return rangesOf(asked)
  }
  assert.deepEqual(await ranges(), [`2026-10-01T00:00:00.000Z ${now} `])
  assert.deepEqual(await ranges('--range', '1h'), [`2026-10-31T22:59:59.001Z ${now} `])
  assert.deepEqual(await ranges('--json', '--from', '2026-09', '--to', '2026-10', '--timezone', 'Europe/Berlin'), [
    '2026-08-31T22:00:00.000Z 2026-09-30T22:00:00.000Z ',
  ])
})

test('all pages of the calls since some time begin at the same moment', async (t) => {
  const logs = (open: OpenConsoleLink, { wallMs }: Clock) =>
    logsCommand(open, async () => assert.fail('it waits'), wallMs)
  const asked = await askedBy(t, logs, ['--since', '1h', '--csv'])
  assert.equal(asked.length, lastPage)
  assert.deepEqual(rangesOf(asked), ['2026-10-31T22:59:59.001Z  '])
})

import assert from 'node:assert/strict'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { ConsoleAway } from '#cli/console-link.ts'
import { logsCommand } from '#cli/logs.ts'
import { systemClock } from '#edge/system.ts'
import { type StoreFixture, storeFixture } from '#test/store/fixture.ts'
import { madeConsole } from '#test/support/made-console.ts'
import { linkTo, printedBy } from './run-command.ts'

const minuteMs = 60_000
let fixture: StoreFixture
let app: FastifyInstance

before(async () => {
  fixture = await storeFixture(90)
  app = madeConsole({ store: fixture.store })
})
beforeEach(async () => {
  await fixture.database.command('TRUNCATE TABLE tollgate.usage')
})
after(async () => {
  await app.close()
  await fixture.close()
})

let block = 0

/** So many calls that began so long ago, at a place of the journal behind all that were booked before. */
async function book(name: string, calls: number, agoMs: number, journal = 'one'): Promise<void> {
  block += 1
  await fixture.database.command(
    `INSERT INTO tollgate.usage_intake (timestamp, call_id, department, journal_id, journal_block, journal_entry)
     SELECT fromUnixTimestamp64Milli(toInt64(${systemClock.wallMs() - agoMs}), 'UTC'),
       concat({name:String}, '-', toString(number)), {name:String}, {journal:String}, ${block}, number
     FROM numbers(${calls})`,
    { name, journal },
  )
}

class Enough extends Error {}

/** What is printed while, each time that the command waits, the next of these things happens. */
async function followed(t: TestContext, args: readonly string[], ...steps: (() => Promise<void>)[]): Promise<string[]> {
  const sleep = async () => {
    const step = steps.shift()
    if (step === undefined) throw new Enough()
    await step()
  }
  const command = logsCommand(linkTo(app), sleep, Date.now)
  const run = command.parseAsync.bind(command, ['--follow', '--json', ...args], { from: 'user' })
  const { stdout } = await printedBy(t, () => assert.rejects(run, Enough))
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).call_id]))
}

test('where the console is away it says so once, waits, and misses and repeats nothing', async (t) => {
  const open = linkTo(app)
  let fault: Error | null = null
  const away = async () => {
    const link = await open({})
    return {
      ...link,
      get: async (path: string) => {
        if (fault !== null) throw fault
        return await link.get(path)
      },
    }
  }
  await book('before', 1, minuteMs)
  const steps = [
    async () => {
      await book('meanwhile', 2, minuteMs)
      fault = new ConsoleAway('the console has just stopped; try again')
    },
    async () => {},
    async () => {
      fault = null
    },
    () => book('after', 1, minuteMs),
    async () => {
      fault = new Error('anything else')
    },
  ]
  const command = logsCommand(away, async () => await (steps.shift() ?? assert.fail)(), Date.now)
  const run = command.parseAsync.bind(command, ['--follow', '--json'], { from: 'user' })
  const { stdout, stderr } = await printedBy(t, () => assert.rejects(run, /anything else/))
  const calls = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).call_id]))
  assert.deepEqual(calls, ['before-0', 'meanwhile-0', 'meanwhile-1', 'after-0'])
  assert.deepEqual(stderr.split('\n'), [
    'tollgate: no calls can be shown for now, and it is waited: the console has just stopped; try again',
    'tollgate: the console answers again',
    '',
  ])
})

const named = (name: string, calls: number) => Array.from({ length: calls }, (_, index) => `${name}-${index}`)

test('a call that thousands of others overtook is shown when it ends, and each of these once', async (t) => {
  await book('before', 3, 5 * minuteMs)
  const calls = await followed(
    t,
    [],
    () => book('quick', 2_500, minuteMs),
    () => book('slow', 1, 30 * minuteMs),
    () => book('slowest', 1, 300 * minuteMs),
  )
  assert.deepEqual(calls.toSorted(), [...named('before', 3), ...named('quick', 2500), 'slow-0', 'slowest-0'].toSorted())
  assert.deepEqual(calls.slice(0, 3).toSorted(), named('before', 3))
  assert.deepEqual(calls.slice(-2), ['slow-0', 'slowest-0'])
})

test('filters hold for what follows as well', async (t) => {
  const calls = await followed(t, ['--filter', 'department=sales'], async () => {
    await book('search', 20, minuteMs)
    await book('sales', 2, minuteMs)
  })
  assert.deepEqual(calls, named('sales', 2))
})

test('what was looked at in vain is not looked through again', async () => {
  const url = '/api/v1/usage?order=booked&department=sales'
  await book('old', 2, minuteMs)
  const begun = (await app.inject({ url })).json()
  await book('search', 5, minuteMs)
  await book('other', 1, minuteMs, 'another')
  const none = (await app.inject({ url: `${url}&cursor=${begun.next_cursor}` })).json()
  // Only who begins where these were booked can see them now.
  await fixture.database.command(
    `ALTER TABLE tollgate.usage UPDATE department = 'sales' WHERE true SETTINGS mutations_sync = 1`,
  )
  await book('sales', 1, minuteMs)
  const next = (await app.inject({ url: `${url}&cursor=${none.next_cursor}` })).json()
  assert.deepEqual([none.data, next.data.map(({ call_id }: { call_id: string }) => call_id)], [[], named('sales', 1)])
})

test('a block of which the store has only a part yet is not passed', async () => {
  const question = { filters: [], limit: 10 }
  await book('before', 1, minuteMs)
  const whole = { journalId: 'one', block }
  const begun = await fixture.store.booked({ ...question, after: null, whole })
  // One insert, of whose two months the later one appeared first.
  block += 1
  await book('later', 1, minuteMs)
  const early = await fixture.store.booked({ ...question, after: begun.places, whole })
  assert.deepEqual([early.records, early.places], [[], begun.places])
  block -= 2
  await book('earlier', 1, 40 * 24 * 60 * minuteMs)
  const both = await fixture.store.booked({ ...question, after: early.places, whole: { ...whole, block: block + 1 } })
  assert.deepEqual(
    both.records.map(({ values }) => values.call_id),
    ['earlier-0', 'later-0'],
  )
  block += 1
})

test('nobody follows where no gateway runs, which would keep one from being started', async () => {
  const command = logsCommand(linkTo(app, true), async () => assert.fail('it waits'), Date.now)
  await assert.rejects(command.parseAsync(['--follow'], { from: 'user' }), /no gateway runs/)
})

test('the calls of a journal that is new are shown too', async (t) => {
  await book('first', 1, minuteMs)
  const calls = await followed(
    t,
    [],
    () => book('second', 1, minuteMs, 'another'),
    () => book('third', 1, minuteMs),
    () => book('fourth', 1, minuteMs, 'another'),
  )
  assert.deepEqual(calls, ['first-0', 'second-0', 'third-0', 'fourth-0'])
})

test('what was booked goes on from a cursor, page by page, and takes no range', async () => {
  const url = '/api/v1/usage?order=booked'
  await book('old', 2, minuteMs)
  const begun = (await app.inject({ url })).json()
  assert.deepEqual(begun.data, [])
  await book('new', 5, minuteMs)
  const first = (await app.inject({ url: `${url}&limit=3&cursor=${begun.next_cursor}` })).json()
  const second = (await app.inject({ url: `${url}&limit=3&cursor=${first.next_cursor}` })).json()
  const ids = [...first.data, ...second.data].map(({ call_id }) => call_id)
  assert.deepEqual(ids, named('new', 5))
  const end = (await app.inject({ url: `${url}&cursor=${second.next_cursor}` })).json()
  assert.deepEqual([end.data, end.next_cursor], [[], second.next_cursor])
  const newest = (await app.inject({ url: '/api/v1/usage?limit=1' })).json()
  for (const [more, parameter] of [
    ['&range=7d', 'range'],
    ['&cursor=abc', 'cursor'],
    [`&cursor=${newest.next_cursor}`, 'cursor'],
  ]) {
    const answer = await app.inject({ url: url + more })
    assert.deepEqual([answer.statusCode, answer.json().parameter], [400, parameter])
  }
})

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Command, CommanderError } from 'commander'
import { keysCommand } from '#cli/keys.ts'
import { emptyPayer, overridableFields } from '#core/attribution/payer.ts'
import { type ConfiguredKey, createKeyRing } from '#core/keys/ring.ts'
import { globMatcher } from '#lib/glob.ts'
import { sameDigest, sha256Hex } from '#lib/secret.ts'
import type { Settings } from '#ports.ts'
import { openSettings } from '#store/settings/open.ts'
import { opened, settableClock, settingsPath } from './place.ts'

const startMs = Date.UTC(2026, 5, 1)

const configured: ConfiguredKey = {
  name: 'from-file',
  keySha256: sha256Hex('configured'),
  attribution: { ...emptyPayer, department: 'it' },
  mayOverride: ['tags'],
  models: null,
  mayBill: true,
  expiresAtMs: startMs - 1,
}

/** A gateway that has the settings open, and a terminal beside it. */
async function place(t: TestContext) {
  const path = settingsPath(t)
  const clock = settableClock(startMs)
  const gateway: Settings = await opened(t, path, clock)
  const run = async (...args: string[]): Promise<string> => {
    const printed: string[] = []
    const command = keysCommand({
      async open(_, work) {
        const settings = await openSettings({ path, clock })
        try {
          return await work({ settings, configured: [configured], nowMs: clock.wallMs() })
        } finally {
          await settings.close()
        }
      },
      print: (text) => {
        printed.push(text)
      },
    })
    quiet(command)
    await command.parseAsync(args, { from: 'user' })
    return printed.join('')
  }
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const value: unknown = JSON.parse(await run(...args, '--json'))
    assert.ok(typeof value === 'object' && value !== null)
    return { ...value }
  }
  const find = async (secret: unknown) => {
    const stored = await gateway.keys()
    const ring = createKeyRing({
      fromConfig: [configured],
      stored,
      digest: sha256Hex,
      sameDigest,
      matcher: globMatcher,
    })
    return ring.find(String(secret), clock.wallMs())
  }
  return { run, json, find, gateway, clock, path }
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  for (const child of command.commands) quiet(child)
}

test('a key that was made is known to the gateway, as it was asked for', async (t) => {
  const { json, find, gateway } = await place(t)
  const before = gateway.version()
  const made = await json(
    ...[
      'create',
      '--name',
      'search-team',
      '--department',
      'engineering',
      '--cost-center',
      ' cc_1 ',
      '--tag',
      'env=prod',
    ],
    ...['--tag', 'beta', '--models', 'gpt-4.1*, claude-*', '--expires', '2027-01-01', '--may-override', 'user_id,tags'],
  )
  assert.notEqual(gateway.version(), before, 'the gateway notices')
  const verdict = await find(made['secret'])
  assert.ok(verdict.kind === 'known')
  assert.equal(verdict.key.id, made['id'])
  assert.deepEqual(verdict.key.attribution, {
    ...emptyPayer,
    department: 'engineering',
    costCenter: 'cc_1',
    tags: { env: 'prod', beta: 'true' },
  })
  assert.deepEqual(verdict.key.mayOverride, new Set(['user_id', 'tags']))
  assert.equal(verdict.key.expiresAtMs, Date.UTC(2027, 0, 1))
  assert.deepEqual(
    ['GPT-4.1-mini', 'claude-x', 'o3'].map((model) => verdict.key.allowsModel(model)),
    [true, true, false],
  )
})

test('without options a key leaves everything to its callers; "none" leaves them nothing', async (t) => {
  const { json } = await place(t)
  const free = await json('create', '--name', 'free')
  assert.deepEqual(new Set([free['may_override']].flat()), new Set(overridableFields))
  assert.deepEqual((await json('create', '--name', 'locked', '--may-override', 'none'))['may_override'], [])
})

test('a key for some models books no bills unless it is said to', async (t) => {
  const { run, json } = await place(t)
  const made = async (name: string, ...more: string[]) => (await json('create', '--name', name, ...more))['may_bill']
  assert.equal(await made('all'), true)
  assert.equal(await made('calls', '--no-bill'), false)
  assert.equal(await made('narrow', '--models', 'gpt-4.1*'), false)
  assert.equal(await made('both', '--models', 'gpt-4.1*', '--bill'), true)
  assert.match(await run('show', 'both'), /^may book bills +yes$/m)
})

test('a secret is told when it is made and never again', async (t) => {
  const { run, path } = await place(t)
  const [secret = ''] = /tg-[0-9A-Za-z]{32}/.exec(await run('create', '--name', 'k')) ?? []
  assert.equal(secret.length, 35)
  for (const later of [
    await run('list'),
    await run('list', '--json'),
    await run('show', 'k'),
    await run('show', 'k', '--json'),
  ]) {
    assert.ok(!later.includes(secret))
    assert.ok(!later.includes(sha256Hex(secret)))
    assert.ok(later.includes(secret.slice(0, 7)))
  }
  assert.ok(existsSync(path))
})

test('the list shows the keys of the configuration beside those that were made', async (t) => {
  const { run } = await place(t)
  await run('create', '--name', 'ended', '--project', 'p1', '--models', 'gpt-*')
  await run('revoke', 'ended')
  const lines = (await run('list')).trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^NAME +SECRET +STATUS +DEPARTMENT +PROJECT +COST CENTER +MODELS +EXPIRES$/)
  assert.match(lines[1] ?? '', /^from-file +\(configuration\) +expired +it +- +- +all +2026-05-31$/)
  assert.match(lines[2] ?? '', /^ended +tg-\w{4}… +revoked +- +p1 +- +gpt-\* +never$/)
  assert.equal(lines.length, 3)
})

test('a key is shown by name or id', async (t) => {
  const { run, json } = await place(t)
  const { secret: _, ...made } = await json('create', '--name', 'k', '--user-id', 'u1')
  assert.deepEqual(await json('show', String(made['id'])), made)
  assert.match(await run('show', 'k'), /^user id +u1$/m)
  assert.match(await run('show', 'cfg_from-file'), /^callers may set +tags$/m)
})

test('a revoked key ends at once', async (t) => {
  const { run, json, find } = await place(t)
  const { secret } = await json('create', '--name', 'k')
  await run('revoke', 'k')
  assert.equal((await find(secret)).kind, 'revoked')
  assert.match(await run('revoke', 'k'), /^k is revoked since 2026-06-01T00:00:00\.000Z\.\n$/)
})

test('a rotation keeps the key, and the old secret until its grace is over', async (t) => {
  const { json, find, clock } = await place(t)
  const first = await json('create', '--name', 'k', '--project', 'p')
  const second = await json('rotate', 'k', '--grace', '2h')
  assert.equal(second['id'], first['id'])
  const kinds = async () => [(await find(first['secret'])).kind, (await find(second['secret'])).kind]
  assert.deepEqual(await kinds(), ['known', 'known'])
  clock.nowMs += 2 * 3_600_000
  assert.deepEqual(await kinds(), ['expired', 'known'])
  const third = await json('rotate', 'k', '--grace', '0')
  assert.equal((await find(second['secret'])).kind, 'unknown')
  assert.equal((await find(third['secret'])).kind, 'known')
})

test('the admin token is renewed on demand only', async (t) => {
  const { run, json, gateway } = await place(t)
  const token = (await json('admin-token', '--rotate'))['admin_token']
  assert.deepEqual(await gateway.adminTokenDigests(), [sha256Hex(String(token))])
  await assert.rejects(run('admin-token'), CommanderError)
})

test('what cannot be done is said, and nothing changes', async (t) => {
  const { run, gateway } = await place(t)
  await run('create', '--name', 'k')
  await run('create', '--name', 'gone')
  await run('revoke', 'gone')
  const before = await gateway.keys()
  const cases: [string[], RegExp][] = [
    [['create'], /--name/],
    [['create', '--name', 'k'], /named k already/],
    [['create', '--name', 'gone'], /revoked keys keep their names/],
    [['create', '--name', 'from-file'], /in the configuration file/],
    [['create', '--name', 'no blanks'], /--name: "no blanks" is not a name; expected a name of letters/],
    [['create', '--name', 'x', '--may-override', 'colour'], /colour is not a field; fields: department/],
    [['create', '--name', 'x', '--models', ','], /at least one/],
    [['create', '--name', 'x', '--models', 'a b'], /--models/],
    [['create', '--name', 'x', '--expires', 'soon'], /expected a date/],
    [['create', '--name', 'x', '--expires', '2026-05-31'], /in the past/],
    [['create', '--name', 'x', '--project', 'p\u0000'], /control character/],
    [['create', '--name', 'x', '--tag', '=v'], /without a name/],
    [['revoke', 'nobody'], /no key named nobody/],
    [['revoke', 'from-file'], /stands in the configuration file/],
    [['show', 'nobody'], /no key named nobody/],
    [['rotate', 'nobody'], /no key named nobody/],
    [['rotate', 'gone'], /is revoked/],
    [['rotate', 'from-file'], /stands in the configuration file/],
    [['rotate', 'k', '--grace', '1 week'], /expected a time/],
  ]
  for (const [args, message] of cases) await assert.rejects(run(...args), message, args.join(' '))
  assert.deepEqual(await gateway.keys(), before)
})

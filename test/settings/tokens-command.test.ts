import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Command, CommanderError } from 'commander'
import { tokensCommand } from '#cli/tokens.ts'
import { sha256Hex } from '#lib/secret.ts'
import type { Settings } from '#ports.ts'
import { openSettings } from '#store/settings/open.ts'
import { opened, settableClock, settingsPath } from './place.ts'

/** A gateway that has the settings open, and a terminal beside it. */
async function place(t: TestContext) {
  const path = settingsPath(t)
  const clock = settableClock(Date.UTC(2026, 5, 1))
  const gateway: Settings = await opened(t, path, clock)
  const run = async (...args: string[]): Promise<string> => {
    const printed: string[] = []
    const command = tokensCommand({
      async open(_, work) {
        const settings = await openSettings({ path, clock })
        try {
          return await work({ settings })
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
  return { gateway, run, clock }
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  for (const child of command.commands) quiet(child)
}

test('a token is shown once, kept as its hash, and seen by a gateway that runs', async (t) => {
  const { gateway, run } = await place(t)
  const before = gateway.version()
  const made = JSON.parse(await run('create', '--role', 'scraper', '--name', 'prometheus', '--json'))
  assert.match(made.token, /^tgt-[0-9A-Za-z]{32}$/)
  assert.equal(made.prefix, made.token.slice(0, 8))
  assert.notEqual(gateway.version(), before)
  assert.deepEqual(await gateway.tokenDigests('scraper'), [sha256Hex(made.token)])
  const list = await run('list')
  assert.match(list, /prometheus +scraper +active +tgt-.{4}… +2026-06-01/)
  assert.equal(list.includes(made.token), false)
})

test('a revoked token ends, its name stays taken, and the first instant stays', async (t) => {
  const { gateway, run, clock } = await place(t)
  const secret = /tgt-\w+/.exec(await run('create', '-r', 'scraper', '-n', 'one'))?.[0] ?? ''
  await run('create', '-r', 'scraper', '-n', 'two')
  const { revoked_at: revokedAt } = JSON.parse(await run('revoke', 'one', '--json'))
  clock.nowMs = Date.UTC(2026, 6, 1)
  assert.equal(JSON.parse(await run('revoke', 'one', '--json')).revoked_at, revokedAt)
  const digests = await gateway.tokenDigests('scraper')
  assert.equal(digests.length, 1)
  assert.equal(digests.includes(sha256Hex(secret)), false)
  const { tokens } = JSON.parse(await run('list', '--json'))
  assert.deepEqual(
    tokens.map(({ name, status }: { name: string; status: string }) => [name, status]),
    [
      ['one', 'revoked'],
      ['two', 'active'],
    ],
  )
  await assert.rejects(run('create', '-r', 'scraper', '-n', 'one'), /already/)
  await assert.rejects(run('revoke', 'nobody'), /no token named nobody/)
})

test('a role that there is not, and a name that is none, are refused', async (t) => {
  const { run } = await place(t)
  await assert.rejects(run('create', '-r', 'king', '-n', 'x'), CommanderError)
  await assert.rejects(run('create', '-r', 'scraper', '-n', 'a b'), /a name has/)
  await assert.rejects(run('create', '-r', 'scraper'), CommanderError)
  assert.match(await run('list'), /There are no tokens yet/)
})

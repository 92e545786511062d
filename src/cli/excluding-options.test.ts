import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { logsCommand } from './logs.ts'
import { reportCommand } from './report.ts'
import { simulateCommand } from './simulate.ts'

const begun = (): never => {
  throw new Error('the command has begun its work')
}

/** The options that cannot stand together, and the command that they are given to. */
const pairs: [make: () => Command, first: string[], second: string[]][] = [
  [() => reportCommand(begun), ['--json'], ['--csv']],
  [() => reportCommand(begun), ['--from', '2026-01'], ['--range', '7d']],
  [() => logsCommand(begun, begun, begun), ['--json'], ['--csv']],
  [() => logsCommand(begun, begun, begun), ['--since', '7d'], ['--follow']],
  [() => simulateCommand(begun), ['--listen', '127.0.0.1:0'], ['--socket', 'here.sock']],
]

for (const [make, first, second] of pairs) {
  test(`${make().name()} refuses ${first[0]} with ${second[0]}, in whichever order, and takes either`, async () => {
    const run = (args: string[]) =>
      make()
        .exitOverride()
        .configureOutput({ writeErr: () => {} })
        .parseAsync(args, { from: 'user' })
    for (const args of [first.concat(second), second.concat(first)]) {
      await assert.rejects(run(args), (fault: { code?: unknown; message: string }) => {
        assert.equal(fault.code, 'commander.conflictingOption')
        for (const [name = ''] of [first, second]) assert.ok(fault.message.includes(name), fault.message)
        return true
      })
    }
    for (const args of [first, second]) await assert.rejects(run(args), { message: 'the command has begun its work' })
  })
}

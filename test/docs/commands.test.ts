import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { alertsCommand } from '#cli/alerts.ts'
import { budgetsCommand } from '#cli/budgets.ts'
import { compileCommand } from '#cli/compile.ts'
import { doctorCommand } from '#cli/doctor.ts'
import { exportCommand } from '#cli/export.ts'
import { keysCommand } from '#cli/keys.ts'
import { logsCommand } from '#cli/logs.ts'
import { pricesCommand } from '#cli/prices.ts'
import { reportCommand } from '#cli/report.ts'
import { serveCommand } from '#cli/serve.ts'
import { simulateCommand } from '#cli/simulate.ts'
import { tokensCommand } from '#cli/tokens.ts'
import { verifyCommand } from '#cli/verify.ts'
import { pages } from './pages.ts'

/** Nothing is run here, so that nothing is needed to run it. */
const none = {} as never

const commands: readonly Command[] = [
  ...[
    serveCommand(none),
    reportCommand(none),
    logsCommand(none, none, none),
    exportCommand(none, none),
    keysCommand(none),
    tokensCommand(none),
  ],
  ...[alertsCommand(none), budgetsCommand(none, none), pricesCommand(none), verifyCommand(none)],
  ...[simulateCommand(none), doctorCommand(none), compileCommand(none)],
]

interface Asked {
  readonly path: string
  /** What stands behind `tollgate`, as far as it is one command. */
  readonly words: readonly string[]
}

/** Where code calls the program. Behind `-n` and `-u` the word is a namespace or a user. */
const called =
  /(?:^|[\s$(])(?:npx |npm run |\/opt\/tollgate\/)?(?<!-[nu] )tollgate (?:-- )?((?:[a-z][\w-]*|--?[a-z])[^|;&#>()\n]*)/g

const asked: readonly Asked[] = pages.flatMap(({ path, code }) =>
  code.flatMap((text) =>
    [...text.replaceAll('tollgate tollgate', 'tollgate').matchAll(called)].map(([, rest = '']) => {
      // What is quoted is one word, and no option.
      const words = rest
        .replaceAll(/'[^']*'|"[^"]*"/g, '…')
        .trim()
        .split(/\s+/)
      return { path, words }
    }),
  ),
)

/** The faults of one call: a command or an option that is not there. */
function faultsOf({ path, words: [name = '', ...rest] }: Asked): string[] {
  const first = commands.find((each) => each.name() === name)
  if (first === undefined) return [`${path}: there is no command ${name}`]
  let command: Command = first
  const faults: string[] = []
  for (const word of rest) {
    const below: Command | undefined = command.commands.find((each) => each.name() === word)
    if (below !== undefined) command = below
    const option = /^--?[a-z][\w-]*/.exec(word)?.[0]
    if (option === undefined || option === '--help') continue
    const known = command.options.some(({ long, short }) => option === long || option === short)
    if (!known) faults.push(`${path}: tollgate ${command.name()} has no ${option}`)
  }
  return faults
}

test('commands and options that the documents name are there', () => {
  assert.deepEqual(asked.flatMap(faultsOf), [])
  assert.ok(asked.length > 60, `only ${asked.length} were found`)
})

test('every command stands in a document', () => {
  const named = new Set(asked.map(({ words: [name] }) => name))
  assert.deepEqual(
    commands.map((each) => each.name()).filter((name) => !named.has(name)),
    [],
  )
})

import { Command } from 'commander'
import { askJson, type ConsoleLink, type OpenConsoleLink, withConsole } from './console-link.ts'
import { type PrintOptions, withPlaceOptions } from './options/place-options.ts'
import { changedLines, frameText, type ShownBudget, tableOfBudgets } from './output/budgets-text.ts'
import { jsonText } from './output/json-text.ts'

const more = `
Columns:
  spent      what calls have cost that began in this window; the same as "tollgate report" says of them
  held       set aside for calls under way: the most that they can cost
  available  limit less spent and held
  forecast   spent by the end of the window, if it goes on like this; empty early in it
  status     ok; warning and critical from thresholds on; exceeded; pending while spending is being added up

Examples:
  tollgate budgets                 all budgets
  tollgate budgets engineering     one of them
  tollgate budgets --watch         drawn anew every second; a line for every change where it is no terminal
  tollgate budgets --json | jq '.data[].limits[].available'

Budgets are defined in the configuration file, and a running gateway keeps them.`

interface BudgetsOptions extends PrintOptions {
  readonly watch?: boolean
}

const everyMs = 1_000

/** `tollgate budgets`: where budgets stand. `sleep` is how it waits between two looks with --watch. */
export function budgetsCommand(open: OpenConsoleLink, sleep: (delayMs: number) => Promise<void>): Command {
  const command = new Command('budgets')
    .description('What is spent, held and available of each budget now.')
    .argument('[name]', 'only this budget')
    .option('-w, --watch', 'go on showing it, every second')
    .option('--json', 'print JSON; with --watch an object a line')
    .addHelpText('after', more)
  return withPlaceOptions(command).action((name: string | undefined, options: BudgetsOptions) =>
    withConsole(open, options, (link) => {
      const json = options.json === true
      return options.watch === true ? watch(link, name, json, sleep) : show(link, name, json)
    }),
  )
}

async function show(link: ConsoleLink, name: string | undefined, json: boolean): Promise<void> {
  const answer = await ask(link, name)
  const colours = process.stdout.isTTY === true && process.stdout.hasColors()
  process.stdout.write(json ? jsonText(answer) : tableOfBudgets(budgetsIn(answer), { colours, widest: null }))
}

async function watch(
  link: ConsoleLink,
  name: string | undefined,
  json: boolean,
  sleep: (delayMs: number) => Promise<void>,
): Promise<void> {
  let shown: readonly ShownBudget[] = []
  for (let first = true; ; first = false) {
    const answer = await ask(link, name).catch((error: unknown) => {
      // At once, it is a mistake. Later the gateway may be starting anew, and comes back.
      if (first || !(error instanceof Error)) throw error
      process.stderr.write(`tollgate: ${error.message}\n`)
      return null
    })
    if (answer !== null) {
      const budgets = budgetsIn(answer)
      if (json) process.stdout.write(`${JSON.stringify(answer)}\n`)
      else if (process.stdout.isTTY === true) drawOver(budgets, first)
      else process.stdout.write(changedLines(shown, budgets))
      shown = budgets
    }
    await sleep(everyMs)
  }
}

/** In place of what was drawn before. */
function drawOver(budgets: readonly ShownBudget[], first: boolean): void {
  const { columns, rows } = process.stdout
  const table = tableOfBudgets(budgets, { colours: process.stdout.hasColors(), widest: columns })
  process.stdout.write(frameText(table, rows, first))
}

type Answer = ShownBudget | { readonly data: readonly ShownBudget[] }

async function ask(link: ConsoleLink, name: string | undefined): Promise<Answer> {
  const path = name === undefined ? '/api/v1/budgets' : `/api/v1/budgets/${encodeURIComponent(name)}`
  return await askJson<Answer>(link, path, new URLSearchParams())
}

function budgetsIn(answer: Answer): readonly ShownBudget[] {
  return 'data' in answer ? answer.data : [answer]
}

import type { Command } from 'commander'
import { alertsCommand } from '#cli/alerts.ts'
import type { Side } from './side.ts'

/** Runs `tollgate alerts …` against a side, and gives what it prints. */
export function terminalOf(side: Side): (...args: string[]) => Promise<string> {
  return async (...args) => {
    let printed = ''
    const command = alertsCommand({
      open: async () => ({
        holdsDirectory: false,
        async get(path) {
          const { status, text } = await side.ask('GET', path)
          return { status, fresh: true, body: text }
        },
        async send(method, path, body) {
          const { status, text } = await side.ask(method, path, body)
          return { status, fresh: true, body: text }
        },
        close: async () => undefined,
      }),
      print: (text) => {
        printed += text
      },
      nowMs: () => Date.now(),
    })
    quiet(command)
    await command.parseAsync(args, { from: 'user' })
    return printed
  }
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  for (const child of command.commands) quiet(child)
}

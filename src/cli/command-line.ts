import { Command, CommanderError } from 'commander'
import { processEnvironment } from '#config/environment.ts'
import { closest } from '#lib/closest.ts'
import { errorText } from '#lib/error-text.ts'

/** One command of the program. Its module is loaded only when it is called, so that start-up stays quick. */
interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** True: not shown in the help. */
  readonly hidden?: boolean
  /** True: it serves others, and goes on when what it prints is not read or cannot be written. */
  readonly serves?: boolean
  readonly load: () => Promise<Command>
}

const introduction = `
A gateway for LLM traffic that meters, prices and books every call exactly.

  tollgate serve                           start; prints the address and a first key
  tollgate report --by department,project  what was spent, and by whom
  tollgate <command> --help                what a command can do`

const epilogue = `
Settings come from ./tollgate.yaml (or TOLLGATE_CONFIG) and from the environment:
  TOLLGATE_LISTEN       address and port, default 127.0.0.1:4000
  TOLLGATE_DATA_DIR     where the ledger is kept, default ./data
  TOLLGATE_ADMIN_TOKEN  the token for the API; without it one is made at the first start
  TOLLGATE_LOG_LEVEL    trace, debug, info, warn, error or silent

Exit codes: 0 done, 2 faults in the configuration, 3 printed, but calls are missing in it, 1 anything else.`

/** What a shell says of a program that was ended by SIGPIPE. */
const endedByPipe = 141

/** Runs the command that the arguments name. Answers with the exit code; long-running commands answer when they end. */
export async function runCommandLine(
  entries: readonly CommandEntry[],
  args: readonly string[],
  version: string,
): Promise<number> {
  const wanted = args.find((argument) => !argument.startsWith('-'))
  const found = entries.find(({ name }) => name === wanted)
  for (const stream of [process.stdout, process.stderr]) whenNobodyReads(stream, found?.serves === true)
  if (wanted !== undefined && wanted !== 'help' && found === undefined) {
    process.stderr.write(`${unknownCommand(wanted, entries)}\n`)
    return 1
  }
  const program = new Command('tollgate')
    .description(introduction.trim())
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', epilogue)
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 110, 110) })
    .exitOverride()
  const called = wanted === 'help' ? args[args.indexOf('help') + 1] : wanted
  for (const entry of entries) {
    const command = entry.name === called ? await entry.load() : new Command(entry.name).description(entry.summary)
    throwOnExit(command)
    program.addCommand(command, { hidden: entry.hidden ?? false })
  }
  try {
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    process.stderr.write(`tollgate: ${errorText(error)}\n`)
    if (processEnvironment()['TOLLGATE_LOG_LEVEL'] === 'debug' && error instanceof Error)
      process.stderr.write(`${error.stack}\n`)
    return 1
  }
}

/**
 * Behind `| head` a program is ended by SIGPIPE as soon as it says more. Node.js holds that back and reports a fault, as
 * it does where a disk is full or a terminal has gone. What is cut off there must not pass for whole.
 */
function whenNobodyReads(stream: NodeJS.WriteStream, serves: boolean): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (serves) return
    if (error.code === 'EPIPE') process.exit(endedByPipe)
    if (stream !== process.stderr)
      process.stderr.write(`tollgate: what it prints cannot be written: ${error.message}\n`)
    process.exit(1)
  })
}

function unknownCommand(wanted: string, entries: readonly CommandEntry[]): string {
  const names = entries.filter(({ hidden }) => hidden !== true).map(({ name }) => name)
  const [near] = closest(wanted, names, { most: 1 })
  const hint = near === undefined ? `commands: ${names.join(', ')}` : `did you mean "tollgate ${near}"?`
  return `tollgate: there is no command "${wanted}"; ${hint}`
}

/** Commander would end the process itself, in the middle of what is being written. */
function throwOnExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) throwOnExit(child)
}

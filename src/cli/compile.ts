import { Command } from 'commander'

export interface CompiledCode {
  /** Where it is kept; null where it cannot be, and then nothing was compiled. */
  readonly directory: string | null
  /** Why it is not all there: one line each, for people. */
  readonly faults: readonly string[]
}

const more = `
A first start compiles what it runs, takes twice as long for it, and stays larger. This does it beforehand: after an
upgrade, before the restart; as the user that Tollgate runs as, with the same NODE_COMPILE_CACHE. It starts nothing and
needs no configuration. "npm start" does it after an installation, an image has it done.

Exit codes: 0 done, 1 where not all of it could be compiled and kept; a start then compiles the rest.`

/** `tollgate compile`: has Node.js compile everything beforehand. */
export function compileCommand(compile: () => Promise<CompiledCode>): Command {
  return new Command('compile')
    .description('Compile the program beforehand, so that the next start is quick and small.')
    .addHelpText('after', more)
    .action(async () => {
      const { directory, faults } = await compile()
      for (const fault of faults) process.stderr.write(`tollgate: ${fault}\n`)
      if (directory === null) process.stderr.write(`tollgate: ${nowhere}\n`)
      else if (faults.length === 0) process.stdout.write(`compiled; kept in ${directory}\n`)
      if (directory === null || faults.length > 0) process.exitCode = 1
    })
}

const nowhere = 'compiled code cannot be kept: NODE_COMPILE_CACHE has to name a folder that can be written'

import { Argument, Command } from 'commander'

interface RoleDoors<Role extends string> {
  readonly roles: readonly Role[]
  readonly run: (role: Role) => Promise<void>
  readonly compile: (role: Role) => Promise<void>
}

/** Hidden: one process of `serve`, started by its supervisor. By hand only to run the roles as separate services. */
export function runCommand<Role extends string>({ roles, run, compile }: RoleDoors<Role>): Command {
  return new Command('run')
    .description('run one role of Tollgate in this process')
    .addArgument(new Argument('<role>', 'which role').choices(roles))
    .option('--compile', 'begin nothing: only have Node.js compile what the role needs')
    .action((role: Role, options: { compile?: boolean }) => (options.compile === true ? compile(role) : run(role)))
}

import { Argument, Command } from 'commander'

/** Hidden: one process of `serve`, started by its supervisor. By hand only to run the roles as separate services. */
export function runCommand<Role extends string>(roles: readonly Role[], run: (role: Role) => Promise<void>): Command {
  return new Command('run')
    .description('run one role of Tollgate in this process')
    .addArgument(new Argument('<role>', 'which role').choices(roles))
    .action(run)
}

import { Command } from 'commander'
import { type PlaceOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'

const more = `
Starts three processes and keeps them running: the gateway (takes the calls, writes the ledger), the console (store,
reports, API) and, where no provider is configured, a simulated provider. The first start makes an admin token and a
first virtual key and shows them once.

Examples:
  tollgate serve                              with ./tollgate.yaml, or the key variables, or the simulated provider
  OPENAI_API_KEY=sk-… tollgate serve          in front of OpenAI
  tollgate serve --config prod.yaml           with this file
  tollgate serve --listen 0.0.0.0:8080        reachable from other machines

Ctrl-C or SIGTERM stops in order: calls under way finish (drain_ms, default 30 s), then everything ends with code 0. A
second signal stops at once. SIGHUP reads the configuration again; a change of the file does so by itself.`

interface ServeOptions extends PlaceOptions {
  readonly listen?: string
}

/** `supervise` starts everything, given environment variables to add, and answers with the exit code once it ended. */
export function serveCommand(supervise: (overrides: Record<string, string>) => Promise<number>): Command {
  const command = new Command('serve').description('Start the gateway and everything that belongs to it.')
  return withPlaceOptions(command)
    .option('-l, --listen <address>', 'address and port (TOLLGATE_LISTEN; default 127.0.0.1:4000)')
    .addHelpText('after', more)
    .action(async ({ listen, ...place }: ServeOptions) => {
      const overrides = placeOverrides(place)
      if (listen !== undefined) overrides['TOLLGATE_LISTEN'] = listen
      process.exitCode = await supervise(overrides)
    })
}

import type { Command } from 'commander'

export interface PlaceOptions {
  readonly config?: string
  readonly dataDir?: string
}

/** Of a command that prints for people, or JSON. */
export interface PrintOptions extends PlaceOptions {
  readonly json?: boolean
}

/** Which Tollgate a command is about. */
export function withPlaceOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (TOLLGATE_CONFIG; default ./tollgate.yaml if it exists)')
    .option('-d, --data-dir <folder>', 'where the ledger is kept (TOLLGATE_DATA_DIR; default ./data)')
}

/** The options as variables of the environment, which they beat. */
export function placeOverrides({ config, dataDir }: PlaceOptions): Record<string, string> {
  return {
    ...(config === undefined ? {} : { TOLLGATE_CONFIG: config }),
    ...(dataDir === undefined ? {} : { TOLLGATE_DATA_DIR: dataDir }),
  }
}

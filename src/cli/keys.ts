import { Command, Option } from 'commander'
import type { NewKey } from '#core/keys/key.ts'
import type { ConfiguredKey } from '#core/keys/ring.ts'
import type { Settings } from '#ports.ts'
import { attributionOptions, type KeyOptions, newKeyOf } from './options/key-options.ts'
import { type PrintOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'
import { listOption, parseDuration, parseInstant } from './options/values.ts'
import { jsonText } from './output/json-text.ts'
import { describedKey, keyJson, keysTable, keyText, type ShownKey } from './output/key-text.ts'

/** What the command works on; everything else it does by itself. */
interface KeysPlace {
  readonly settings: Settings
  readonly configured: readonly ConfiguredKey[]
  readonly nowMs: number
}

/** How the command gets at its place, and what becomes of its text. */
export interface KeysDoors {
  /** Opens the settings of the configured data directory for the time of `work`. Given variables to add. */
  open<Answer>(overrides: Record<string, string>, work: (place: KeysPlace) => Promise<Answer>): Promise<Answer>
  print(text: string): void
}

const more = `
Examples:
  tollgate keys create --name search-team --department engineering --project search
  tollgate keys create --name batch --models 'gpt-4.1*,claude-*' --expires 2027-01-01
  tollgate keys list
  tollgate keys rotate search-team --grace 2d
  tollgate keys revoke search-team

A secret is shown once, when it is made. Changes count in a running gateway within about a second.`

/** `tollgate keys …`: makes, lists, rotates and revokes virtual keys, and renews the admin token. */
export function keysCommand(doors: KeysDoors): Command {
  return new Command('keys')
    .description('Make, list, rotate and revoke virtual keys.')
    .addCommand(createCommand(doors))
    .addCommand(listCommand(doors))
    .addCommand(showCommand(doors))
    .addCommand(revokeCommand(doors))
    .addCommand(rotateCommand(doors))
    .addCommand(adminTokenCommand(doors))
    .addHelpText('after', more)
}

function createCommand({ open, print }: KeysDoors): Command {
  const command = new Command('create')
    .description('Make a key. What it attributes to a department, project or cost center its callers cannot change.')
    .requiredOption('-n, --name <name>', 'what reports and lists call it')
  attributionOptions(command)
  return withPlaceOptions(command)
    .option(
      '--may-override <fields>',
      'what callers may override, by commas, or "none"; default: user_id, session_id, feature_flag, request_path, tags and every field that the key leaves empty',
      listOption,
    )
    .option('--models <patterns>', 'models it may be used for, by commas, * and ? allowed (default: all)', listOption)
    .option(
      '--bill',
      'it may book what others bill, POST /v1/billing/webhook (default: unless there are --models and no cost center of its own)',
    )
    .option('--no-bill', 'it may not')
    .option('--expires <date>', 'when it ends: 2027-01-01 or 2027-01-01T12:00:00Z (default: never)', parseInstant)
    .option('--json', 'print JSON')
    .action(async ({ json, ...options }: KeyOptions & PrintOptions) => {
      const key = newKeyOf(options)
      await open(placeOverrides(options), async ({ settings, configured, nowMs }) => {
        refuseTaken(key, configured)
        if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) throw new Error('--expires is in the past')
        const made = await settings.createKey(key)
        if (made.kind === 'name_taken')
          throw new Error(`there is a key named ${key.name} already; revoked keys keep their names`)
        print(secretText(describedKey(made.key, nowMs), made.secret, json === true))
      })
    })
}

function refuseTaken(key: NewKey, configured: readonly ConfiguredKey[]): void {
  if (configured.some(({ name }) => name === key.name)) {
    throw new Error(`there is a key named ${key.name} in the configuration file`)
  }
}

function listCommand({ open, print }: KeysDoors): Command {
  return withPlaceOptions(new Command('list'))
    .description('All keys, those of the configuration file too. Never their secrets.')
    .option('--json', 'print JSON')
    .action(async ({ json, ...place }: PrintOptions) => {
      const keys = await open(placeOverrides(place), allKeys)
      print(json === true ? jsonText({ keys: keys.map(keyJson) }) : keysTable(keys))
    })
}

async function allKeys({ settings, configured, nowMs }: KeysPlace): Promise<readonly ShownKey[]> {
  return [...configured, ...(await settings.keys())].map((key) => describedKey(key, nowMs))
}

function showCommand({ open, print }: KeysDoors): Command {
  return withPlaceOptions(new Command('show'))
    .description('One key: what it is attributed to, may be used for and lets its callers override.')
    .argument('<name>', 'name or id of the key')
    .option('--json', 'print JSON')
    .action(async (name: string, { json, ...place }: PrintOptions) => {
      const keys = await open(placeOverrides(place), allKeys)
      const key = keys.find((one) => one.name === name || one.id === name)
      if (key === undefined) throw new Error(unknownKey(name))
      print(json === true ? jsonText(keyJson(key)) : keyText(key))
    })
}

function revokeCommand({ open, print }: KeysDoors): Command {
  return withPlaceOptions(new Command('revoke'))
    .description('End a key for good. Its records stay, and its name stays taken.')
    .argument('<name>', 'name of the key')
    .option('--json', 'print JSON')
    .action(async (name: string, { json, ...place }: PrintOptions) => {
      await open(placeOverrides(place), async ({ settings, configured, nowMs }) => {
        refuseConfigured(name, configured)
        const answer = await settings.revokeKey(name)
        if (answer.kind === 'unknown') throw new Error(unknownKey(name))
        const shown = describedKey(answer.key, nowMs)
        print(json === true ? jsonText(keyJson(shown)) : `${name} is revoked since ${shown.revokedAt ?? 'now'}.\n`)
      })
    })
}

interface RotateOptions extends PrintOptions {
  readonly grace: number
}

function rotateCommand({ open, print }: KeysDoors): Command {
  return withPlaceOptions(new Command('rotate'))
    .description('Give a key a new secret. The one before stays good for a while, so that callers can change over.')
    .argument('<name>', 'name of the key')
    .addOption(
      new Option('--grace <time>', 'how long the old secret stays good: 0 (if it has leaked), 90s, 30m, 12h, 7d')
        .argParser(parseDuration)
        .default(24 * 3_600_000, '1d'),
    )
    .option('--json', 'print JSON')
    .action(async (name: string, { grace, json, ...place }: RotateOptions) => {
      await open(placeOverrides(place), async ({ settings, configured, nowMs }) => {
        refuseConfigured(name, configured)
        const made = await settings.rotateKey(name, grace)
        if (made.kind === 'unknown') throw new Error(unknownKey(name))
        if (made.kind === 'revoked') throw new Error(`${name} is revoked; make another key`)
        print(secretText(describedKey(made.key, nowMs), made.secret, json === true))
      })
    })
}

function adminTokenCommand({ open, print }: KeysDoors): Command {
  return withPlaceOptions(new Command('admin-token'))
    .description('Renew the token for the API. The one before ends at once.')
    .requiredOption('--rotate', 'make a new one')
    .option('--json', 'print JSON')
    .action(async ({ json, ...place }: PrintOptions) => {
      const token = await open(placeOverrides(place), ({ settings }) => settings.rotateAdminToken())
      print(json === true ? jsonText({ admin_token: token }) : `New admin token, shown only now:\n\n  ${token}\n`)
    })
}

function refuseConfigured(name: string, configured: readonly ConfiguredKey[]): void {
  if (!configured.some((key) => key.name === name)) return
  throw new Error(`${name} stands in the configuration file; change it there, the gateway reads it again by itself`)
}

function unknownKey(name: string): string {
  return `there is no key named ${name}; "tollgate keys list" shows all`
}

function secretText(shown: ShownKey, secret: string, json: boolean): string {
  if (json) return jsonText({ ...keyJson(shown), secret })
  return `${keyText(shown)}\nIts secret, shown only now:\n\n  ${secret}\n`
}

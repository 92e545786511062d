import { Command, Option } from 'commander'
import { name as nameRule } from '#config/scalars.ts'
import { isoText } from '#lib/iso-text.ts'
import { type ApiToken, type Settings, type TokenRole, tokenRoles } from '#ports.ts'
import { type PrintOptions, placeOverrides, withPlaceOptions } from './options/place-options.ts'
import { jsonText } from './output/json-text.ts'
import { type TableColumn, tableText } from './output/table.ts'

/** How the command gets at the settings, and what becomes of its text. */
interface TokensDoors {
  /** Opens the settings of the configured data directory for the time of `work`. Given variables to add. */
  open<Answer>(
    overrides: Record<string, string>,
    work: (place: { readonly settings: Settings }) => Promise<Answer>,
  ): Promise<Answer>
  print(text: string): void
}

const more = `
Examples:
  tollgate tokens create --role scraper --name prometheus
  tollgate tokens list
  tollgate tokens revoke prometheus

A token is shown once, when it is made. Changes count in a running gateway within about a second. The admin token is
renewed by "tollgate keys admin-token --rotate".`

/** `tollgate tokens …`: makes, lists and revokes tokens that may do less than an admin. */
export function tokensCommand(doors: TokensDoors): Command {
  return new Command('tokens')
    .description('Make, list and revoke tokens of a role. A scraper may read /metrics and nothing else.')
    .addCommand(createCommand(doors))
    .addCommand(listCommand(doors))
    .addCommand(revokeCommand(doors))
    .addHelpText('after', more)
}

interface CreateOptions extends PrintOptions {
  readonly name: string
  readonly role: TokenRole
}

function createCommand({ open, print }: TokensDoors): Command {
  return withPlaceOptions(new Command('create'))
    .description('Make a token.')
    .requiredOption('-n, --name <name>', 'what lists call it', tokenName)
    .addOption(new Option('-r, --role <role>', 'what it may do').choices(tokenRoles).makeOptionMandatory())
    .option('--json', 'print JSON')
    .action(async ({ name, role, json, ...place }: CreateOptions) => {
      const made = await open(placeOverrides(place), ({ settings }) => settings.createToken({ name, role }))
      if (made.kind === 'name_taken')
        throw new Error(`there is a token named ${name} already; revoked tokens keep their names`)
      if (json === true) print(jsonText({ ...tokenJson(made.token), token: made.secret }))
      else print(`${name} (${role}), shown only now:\n\n  ${made.secret}\n`)
    })
}

function listCommand({ open, print }: TokensDoors): Command {
  return withPlaceOptions(new Command('list'))
    .description('All tokens that have a role. Never their secrets.')
    .option('--json', 'print JSON')
    .action(async ({ json, ...place }: PrintOptions) => {
      const tokens = await open(placeOverrides(place), ({ settings }) => settings.tokens())
      print(json === true ? jsonText({ tokens: tokens.map(tokenJson) }) : tokensTable(tokens))
    })
}

function revokeCommand({ open, print }: TokensDoors): Command {
  return withPlaceOptions(new Command('revoke'))
    .description('End a token for good. Its name stays taken.')
    .argument('<name>', 'name of the token')
    .option('--json', 'print JSON')
    .action(async (name: string, { json, ...place }: PrintOptions) => {
      const answer = await open(placeOverrides(place), ({ settings }) => settings.revokeToken(name))
      if (answer.kind === 'unknown')
        throw new Error(`there is no token named ${name}; "tollgate tokens list" shows all`)
      const shown = tokenJson(answer.token)
      print(json === true ? jsonText(shown) : `${name} is revoked since ${shown.revoked_at}.\n`)
    })
}

function tokenName(text: string): string {
  if (nameRule().safeParse(text).success) return text
  throw new Error('a name has 1 to 64 letters, digits, dots, dashes and underscores')
}

function tokenJson({ name, role, prefix, createdAtMs, revokedAtMs }: ApiToken) {
  const status = revokedAtMs === null ? 'active' : 'revoked'
  return { name, role, status, prefix, created_at: isoText(createdAtMs), revoked_at: isoText(revokedAtMs) }
}

const columns: readonly TableColumn[] = ['name', 'role', 'status', 'token', 'made'].map((title) => ({
  title,
  align: 'left',
}))

function tokensTable(tokens: readonly ApiToken[]): string {
  if (tokens.length === 0)
    return 'There are no tokens yet: "tollgate tokens create --role scraper --name …" makes one.\n'
  const rows = tokens
    .map(tokenJson)
    .map((token) => [token.name, token.role, token.status, `${token.prefix}…`, token.created_at.slice(0, 10)])
  return tableText(columns, rows)
}

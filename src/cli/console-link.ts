import { splitFilter } from '#reports/fields.ts'
import { type PlaceOptions, placeOverrides } from './options/place-options.ts'

/** Asks the console, wherever it is. */
export interface ConsoleLink {
  /** True: none runs, nor can one be started before this is closed. */
  readonly holdsDirectory: boolean
  get(path: string): Promise<LinkAnswer>
  /** Has something done. */
  send(method: 'POST' | 'DELETE', path: string, body?: object): Promise<LinkAnswer>
  close(): Promise<void>
}

interface LinkAnswer {
  readonly status: number
  /** False where the newest calls may be missing in it. */
  readonly fresh: boolean
  readonly body: string
}

/** The console, or its store, does not answer just now. Asking again can help. */
export class ConsoleAway extends Error {
  override readonly name = 'ConsoleAway'
}

/** Given environment variables to add. */
export type OpenConsoleLink = (overrides: Record<string, string>) => Promise<ConsoleLink>

/** Does `work` with the console of the Tollgate that the options name, and leaves it when that has ended. */
export async function withConsole<Options extends PlaceOptions>(
  open: OpenConsoleLink,
  options: Options,
  work: (link: ConsoleLink, options: Options) => Promise<void>,
): Promise<void> {
  const link = await open(placeOverrides(options))
  try {
    await work(link, options)
  } finally {
    await link.close()
  }
}

/** The JSON of an answer. @throws with what the console says is wrong, for people. */
export async function askJson<Answer>(link: ConsoleLink, path: string, query: URLSearchParams): Promise<Answer> {
  const { status, fresh, body } = await link.get(`${path}?${query}`)
  if (status === 503) throw new ConsoleAway(problemText(status, body))
  if (status !== 200) throw new Error(problemText(status, body))
  if (!fresh) process.stderr.write('tollgate: the newest calls may be missing: the store is still catching up\n')
  return JSON.parse(body) as Answer
}

/** The JSON of what was answered to something that is to be done. @throws with what the console says is wrong */
export async function sendJson<Answer>(
  link: ConsoleLink,
  method: 'POST' | 'DELETE',
  path: string,
  sent?: object,
): Promise<Answer> {
  const { status, body } = await link.send(method, path, sent)
  if (status !== 200) throw new Error(problemText(status, body))
  return JSON.parse(body) as Answer
}

function problemText(status: number, body: string): string {
  try {
    const { detail, title } = JSON.parse(body) as Record<string, unknown>
    if (typeof detail === 'string' && detail !== '') return detail
    if (typeof title === 'string') return title
  } catch {
    // Not of the console: said as it is.
  }
  return `the console answered ${status}: ${body.slice(0, 200)}`
}

const operators: readonly [sign: string, suffix: string][] = [
  ['!=', '.not'],
  ['>=', '.gte'],
  ['<=', '.lte'],
  ['>', '.gt'],
  ['<', '.lt'],
  ['=', ''],
]

/** Adds `field=value`, `field!=value`, `field>=value` … to a query. @throws where it is none of these. */
export function appendFilter(query: URLSearchParams, filter: string): void {
  const at = filter.search(/[=<>]|!=/)
  const found = at > 0 ? operators.find(([sign]) => filter.startsWith(sign, at)) : undefined
  if (found === undefined) {
    throw new Error(`--filter: expected field=value, field!=value or field>=value, got ${JSON.stringify(filter)}`)
  }
  const [sign, suffix] = found
  const name = filter.slice(0, at).trim()
  const isMistakable = suffix === '' && splitFilter(name).operator !== null
  query.append(`filter.${name}${isMistakable ? '.eq' : suffix}`, filter.slice(at + sign.length))
}

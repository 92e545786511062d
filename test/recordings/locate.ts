import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One exchange with a provider as somebody recorded it, with what a meter must read from it. */
export interface Recording {
  /** `<provider>/<file>` */
  readonly name: string
  readonly provider: string
  readonly api: string
  readonly stream: boolean
  readonly url: string | null
  readonly request: unknown
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    /** Streams: the raw text. Otherwise the parsed JSON. */
    readonly body: unknown
  }
  readonly expected: Readonly<Record<string, unknown>>
}

/**
 * Other people's data, not part of this repository: `RECORDINGS_DIR`, else `../shared/recordings` beside the checkout.
 * Null where there is none.
 *
 * @throws Error where there is none and `REQUIRE_RECORDINGS=1` insists on them.
 */
export function findRecordings(): string | null {
  const named = process.env['RECORDINGS_DIR']
  const directory = named ?? join(import.meta.dirname, '../../../shared/recordings')
  if (existsSync(directory)) return directory
  if (process.env['REQUIRE_RECORDINGS'] === '1' || named !== undefined) {
    throw new Error(`no recordings at ${directory}: set RECORDINGS_DIR to the folder that holds them`)
  }
  return null
}

export const recordingsMissing =
  'the recorded provider traffic is not here, so it is not replayed: set RECORDINGS_DIR to run it'

export function readRecordings(directory: string): Recording[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.json') && name.includes('/'))
    .sort()
    .map((name) => ({ ...JSON.parse(readFileSync(join(directory, name), 'utf8')), name }))
}

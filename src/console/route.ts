import type { ZodObject, ZodType } from 'zod'
import type { Clock, RecordFilter, UsageStore } from '#ports.ts'

/** Who asks. admin: the admin token, or the command line on this machine. key: a virtual key, which sees its own calls. */
export type Asker = { readonly kind: 'admin' } | { readonly kind: 'key'; readonly keyId: string }

/** Finds out who presents a secret; null = nobody we know. */
export type Access = (secret: string) => Promise<Asker | null>

/** What the ingester tells the console. */
export interface IngestProgress {
  /** Resolves once everything that was in the journal when it was called is in the store. */
  caughtUp(): Promise<void>
  state(): { readonly rows: number; readonly quarantined: number; readonly fault: string | null }
}

/** What the resources work with. */
export interface ConsoleParts {
  readonly store: UsageStore
  readonly ingest: IngestProgress
  readonly clock: Clock
  readonly version: string
}

/**
 * Which filters a route takes beside its parameters. prefixed: `filter.department=…`. both: also plain `department=…`.
 */
export type FilterForm = 'none' | 'prefixed' | 'both'

export interface ResourceCall<Query, Body> {
  readonly query: Query
  readonly filters: readonly RecordFilter[]
  readonly body: Body
  readonly asker: Asker
}

/** One call of the API: its path, who may make it, what it takes, what it does, all in one place. */
export interface Resource<Query extends ZodObject = ZodObject, Body extends ZodObject = ZodObject> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  /** key: virtual keys may make it too. open: no token. */
  readonly permission: 'admin' | 'key' | 'open'
  readonly query: Query
  readonly filters: FilterForm
  readonly body: Body | null
  /** Name of the answer, as a schema of the API's description. */
  readonly answer: ZodType
  handle(parts: ConsoleParts, call: ResourceCall<Query['_zod']['output'], Body['_zod']['output']>): Promise<unknown>
}

/** Keeps the types of a resource's parameters together with its handler. */
export function resource<Query extends ZodObject, Body extends ZodObject>(definition: Resource<Query, Body>): Resource {
  return definition as unknown as Resource
}

/** A virtual key sees the calls that were made with it, and no others, whatever else it filters by. */
export function visibleTo(asker: Asker, filters: readonly RecordFilter[] = []): readonly RecordFilter[] {
  if (asker.kind === 'admin') return filters
  return [...filters, { on: { field: 'api_key_id' }, test: 'equals', values: [asker.keyId] }]
}

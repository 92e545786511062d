import { type ZodObject, type ZodType, z } from 'zod'
import type { AlertRecord, AlertsQuestion } from '#core/alerting/outbox.ts'
import type { Language, Receiver } from '#core/alerting/receiver.ts'
import type { Silence } from '#core/alerting/routing.ts'
import type { Budget, LimitStatus } from '#core/budget/budget.ts'
import type { RecordFilter } from '#core/ledger/questions.ts'
import type { Clock, UsageStore } from '#ports.ts'

/** Who asks. admin: the admin token, or the command line on this machine. key: a virtual key, which sees its own calls. */
export type Asker = { readonly kind: 'admin' } | { readonly kind: 'key'; readonly keyId: string }

/** Finds out who presents a secret; null = nobody we know. */
export type Access = (secret: string) => Promise<Asker | null>

/** What the ingester tells the console. */
export interface IngestProgress {
  /** Resolves once everything that was in the journal so long ago (usually: now) is in the store. */
  caughtUp(agoMs?: number): Promise<void>
  state(): { readonly rows: number; readonly quarantined: number; readonly fault: string | null }
  /** Settled calls that wait in the journal, and for how long the oldest does: 0 and 0 where none waits. */
  lag(): Promise<{ readonly records: number; readonly ageMs: number }>
}

/** What the console asks about alerts, and has done. */
export interface AlertDesk {
  alerts(question: AlertsQuestion): Promise<readonly AlertRecord[]>
  alert(id: string): Promise<AlertRecord | null>
  /** What is said about it, in words. */
  words(alert: AlertRecord, language: Language): { readonly title: string; readonly text: string }
  /** Tells it again to whoever was told; how many messages that are. */
  replay(alertId: string): Promise<number>
  receivers(): Promise<readonly KnownReceiver[]>
  /** Sends a test message and waits for what becomes of it; null where there is no such receiver. */
  test(receiver: string): Promise<TestAnswer | null>
  silences(): Promise<readonly Silence[]>
  silence(silence: Omit<Silence, 'id'>): Promise<Silence>
  /** False where there is none that has not ended. */
  endSilence(id: string): Promise<boolean>
}

/** Without its addresses and keys. */
interface KnownReceiver extends Pick<Receiver, 'name' | 'kind' | 'language' | 'sendResolved'> {
  /** Messages that have not arrived yet. */
  readonly waiting: number
}

interface TestAnswer {
  readonly ok: boolean
  readonly status: number | null
  readonly detail: string
  readonly durationMs: number
}

/** What the console knows of budgets: how they are configured, and what the gateway says of them. */
export interface BudgetBoard {
  configured(): readonly Budget[]
  /** The state of all limits but those of `pending` budgets, of which it is not known yet what was spent. */
  states(): Promise<BudgetStates>
}

export interface BudgetStates {
  readonly limits: readonly LimitStatus[]
  readonly pending: readonly string[]
  /** Why what was spent stays unknown: the journal cannot be read. Null where it can. */
  readonly unreadable: string | null
}

/** What the resources work with. */
export interface ConsoleParts {
  readonly store: UsageStore
  readonly alerts: AlertDesk
  readonly ingest: IngestProgress
  readonly budgets: BudgetBoard
  readonly clock: Clock
  readonly version: string
}

/**
 * Which filters a route takes beside its parameters. prefixed: `filter.department=…`. both: also plain `department=…`.
 */
export type FilterForm = 'none' | 'prefixed' | 'both'

interface ResourceCall<Query, Body> {
  /** The parts of the path that stand in braces. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly filters: readonly RecordFilter[]
  readonly body: Body
  readonly asker: Asker
}

/** One call of the API: its path, who may make it, what it takes, what it does, all in one place. */
export interface Resource<Query extends ZodObject = ZodObject, Body extends ZodObject = ZodObject> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With what varies in braces: `/api/v1/alerts/{id}`. */
  readonly path: string
  readonly summary: string
  /** key: virtual keys may make it too. open: no token. */
  readonly permission: 'admin' | 'key' | 'open'
  readonly query: Query
  readonly filters: FilterForm
  readonly body: Body | null
  /** Name of the answer, as a schema of the API's description. */
  readonly answer: ZodType
  /** Why nothing can be changed at its path: other methods are answered with it. */
  readonly readOnly?: string
  handle(parts: ConsoleParts, call: ResourceCall<Query['_zod']['output'], Body['_zod']['output']>): Promise<unknown>
}

type Optional = 'query' | 'filters' | 'body'

/** What a resource says of itself: without parameters, filters and a body unless it names them. */
type ResourceDefinition<Query extends ZodObject, Body extends ZodObject> = Omit<Resource<Query, Body>, Optional> &
  Partial<Pick<Resource<Query, Body>, Optional>>

const nothing = z.object({})

/** Keeps the types of a resource's parameters together with its handler. */
export function resource<Query extends ZodObject = typeof nothing, Body extends ZodObject = typeof nothing>(
  definition: ResourceDefinition<Query, Body>,
): Resource {
  return { query: nothing, filters: 'none', body: null, ...definition } as unknown as Resource
}

/** A virtual key sees the calls that were made with it, and no others, whatever it asks for. */
export function visibleTo(asker: Asker): readonly RecordFilter[] {
  if (asker.kind === 'admin') return []
  return [{ on: { field: 'api_key_id' }, test: 'equals', values: [asker.keyId] }]
}

import type { CallFacts, OpenEntry } from '#core/ledger/entry.ts'
import { bounded, longestModel } from '#core/ledger/entry-bounds.ts'
import { JournalFault } from '#core/ledger/fault.ts'
import { roughInputTokens } from '#providers/estimate.ts'
import type { Echo } from './answer/respond.ts'
import type { Asking, Reserved } from './budgets/asking.ts'
import { CallControl } from './call-control.ts'
import { traced } from './call-trace.ts'
import { type Refusal, refused, refusedByJournal, stopping } from './refusal.ts'
import type { Road } from './road.ts'

/** A call that is in the journal: from here on it ends in a settle entry, whatever happens. */
export interface OpenCall extends Asking {
  readonly kind: 'open'
  readonly reserved: Reserved
  /** As it stands in the journal. */
  readonly entry: OpenEntry
  readonly call: CallFacts
  readonly control: CallControl
  readonly echo: Echo
}

/** All that the journal and the upstream need to know of the call, unless there is a reason to take no more calls. */
export function openCall(road: Road, asking: Asking, reserved: Reserved): OpenCall | Refusal {
  const { arrival, caller, ask, payer } = asking
  const { route } = reserved
  if (road.running.closed) return stopping
  const full = road.journal.refusal()
  if (full !== null) return refused(full.code, full.message)
  const call: CallFacts = {
    callId: arrival.callId,
    requestId: arrival.requestId,
    startedAtMs: arrival.startedAtMs,
    payer,
    keyId: caller.key.id,
    vendor: route.vendor,
    upstream: route.upstream.config.name,
    modelRequested: bounded(ask.facts.model ?? '', longestModel),
    modelRouted: bounded(route.model, longestModel),
    endpoint: arrival.match.endpoint,
    stream: ask.facts.stream,
    promptHash: promptHash(road, asking),
  }
  const estimatedInputTokens = arrival.match.metered ? roughInputTokens(ask.facts, ask.body?.length ?? 0) : 0
  road.counts.asks(call, ask.facts.inputs)
  const entry = traced<OpenEntry>({ kind: 'open', call, estimatedInputTokens }, arrival.trace)
  const echo = { requestId: arrival.requestId, costCenter: payer.costCenter, headers: reserved.headers }
  return { kind: 'open', arrival, caller, ask, payer, route, reserved, entry, call, control: new CallControl(), echo }
}

/** Empty where the body is no prompt. */
function promptHash(road: Road, { arrival, ask }: Asking): string {
  if (ask.body === null || ask.body.length === 0 || arrival.match.body === 'metadata') return ''
  return road.hashPrompt(ask.body)
}

/** Enters the call into the journal. Resolves with null when it is there, or with why the journal does not take it. */
export function enterCall(road: Road, { control, entry }: OpenCall): Promise<Refusal | null> {
  // Before the entry is written: a stop must not close the journal over a call that is just being opened.
  road.running.add(control)
  return road.journal.append(entry).then(entered, (fault: unknown) => {
    road.running.remove(control)
    // Not by what the journal says now: it may have mended itself.
    const refusal = fault instanceof JournalFault ? refusedByJournal(fault) : null
    if (refusal === null) throw fault
    return refusal
  })
}

const entered = (): null => null

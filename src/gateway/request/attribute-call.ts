import { attribute } from '#core/attribution/attribute.ts'
import { readBatchMetadata } from '#core/attribution/batch-metadata.ts'
import { readAttributionHeaders } from '#core/attribution/headers.ts'
import { readAttributionMetadata } from '#core/attribution/metadata.ts'
import type { Payer } from '#core/attribution/payer.ts'
import { type Refusal, refused } from '../refusal.ts'
import type { Road } from '../road.ts'
import type { Caller } from './admit.ts'
import type { Arrival } from './arrival.ts'
import type { Ask } from './ask.ts'

interface Attributed {
  readonly kind: 'attributed'
  readonly payer: Payer
}

/** Who pays: what the key says, and what a token, the body and the headers may say beside it. */
export function attributeCall(road: Road, arrival: Arrival, caller: Caller, ask: Ask): Attributed | Refusal {
  const headers = readAttributionHeaders(arrival.exchange.headers)
  if (headers.kind !== 'said') return refused('invalid_attribution', headers.message, headers.field)
  const { metadata: said, requestsMetadata } = ask.facts
  const metadata =
    requestsMetadata === undefined ? readAttributionMetadata(said) : readBatchMetadata(said, requestsMetadata)
  if (metadata.kind !== 'said') return refused('invalid_attribution', metadata.message, metadata.field)
  const { key, claims } = caller
  const { payer, denied } = attribute({ key, claims, metadata: metadata.said, headers: headers.said })
  road.counts.attributionDenied += denied.length
  return { kind: 'attributed', payer }
}

import { attribute } from '#core/attribution/attribute.ts'
import { readAttributionHeaders } from '#core/attribution/headers.ts'
import { emptyPayer } from '#core/attribution/payer.ts'
import type { Said } from '#core/attribution/said.ts'
import { isObject } from '#lib/json-object.ts'
import type { ClientExchange } from '#ports.ts'
import type { Caller } from '../request/admit.ts'
import { type ExternalCost, externalCallId } from './external-cost.ts'
import { amountOf, FieldFault, instantOf, requiredText } from './fields.ts'
import { payerOf } from './usage-event.ts'

/** A bill may not be booked where its key does not reach. */
export class PayerFault extends Error {
  override readonly name = 'PayerFault'
  readonly path: string

  constructor(path: string) {
    super(`This key may not book on another ${path} than its own.`)
    this.path = path
  }
}

interface BillReading {
  readonly caller: Caller
  readonly headers: ClientExchange['headers']
  readonly nowMs: number
}

/**
 * A cost that a vendor bills, on the cost center that it names. Who pays is found as for a call, the body standing
 * where a call has its metadata; but money is not silently booked elsewhere than was asked: where the key does not
 * leave a field to its callers, it is refused. @throws FieldFault, PayerFault
 */
export function readBill(body: unknown, { caller, headers, nowMs }: BillReading): ExternalCost {
  if (!isObject(body)) throw new FieldFault('', 'must be an object')
  const vendor = requiredText(body['vendor'], 'vendor')
  const resourceId = requiredText(body['resource_id'], 'resource_id')
  requiredText(body['cost_center'], 'cost_center')
  const statedPicoUsd = amountOf(body['amount_usd'], 'amount_usd')
  if (statedPicoUsd === null) throw new FieldFault('amount_usd', 'is missing')
  const fromHeaders = readAttributionHeaders(headers)
  if (fromHeaders.kind !== 'said')
    throw new FieldFault(fromHeaders.field, fromHeaders.message.slice(fromHeaders.field.length + 1))
  const { key, claims } = caller
  const said = saidOf(payerOf(body, (name) => name, emptyPayer))
  const [denied] = attribute({ key, claims: null, metadata: null, headers: said }).denied
  if (denied !== undefined) throw new PayerFault(denied)
  // The bill's own word is the last one, so it stands in the highest place and headers below it.
  const { payer } = attribute({ key, claims, metadata: fromHeaders.said, headers: said })
  return {
    callId: externalCallId('bill', vendor, resourceId),
    source: vendor,
    eventId: resourceId,
    startedAtMs: instantOf(body['timestamp'], 'timestamp', nowMs),
    payer,
    keyId: caller.key.id,
    vendor,
    model: '',
    usage: null,
    statedPicoUsd,
    promptHash: '',
    amountPath: 'amount_usd',
  }
}

/** Without the tags, where there are none: they would say that there are none. */
function saidOf(payer: Said): Said {
  const { tags = {}, ...scalars } = payer
  return Object.keys(tags).length === 0 ? scalars : payer
}

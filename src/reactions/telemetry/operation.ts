import type { SettleEntry } from '#core/ledger/entry.ts'
import { bounded } from '#core/ledger/entry-bounds.ts'
import type { Attributes } from '#core/telemetry/signals.ts'
import { attribute, operations, otherError, providerName } from './names.ts'

const longestText = 3_000

/** Where the configured providers are, by their names. */
export type Servers = ReadonlyMap<string, { readonly address: string; readonly port: number }>

/** What spans and metrics say of an operation alike. */
export function operationAttributes({ call, outcome, modelServed }: SettleEntry, servers: Servers): Attributes {
  const server = servers.get(call.upstream)
  const [asked, served] = [told(call.modelRouted), told(modelServed)]
  const answered = outcome === 'served' || outcome === 'cancelled'
  return {
    [attribute.operationName]: operations[call.endpoint].name,
    [attribute.providerName]: providerName(call.vendor, call.endpoint),
    ...(asked === '' ? {} : { [attribute.requestModel]: asked }),
    ...(answered && served !== '' ? { [attribute.responseModel]: served } : {}),
    ...(server === undefined ? {} : { [attribute.serverAddress]: server.address, [attribute.serverPort]: server.port }),
  }
}

/** A text as it is told. Those of a record are shorter, but for journals of before they had bounds. */
export function told(text: string): string {
  return bounded(text, longestText)
}

/** What went wrong; empty where nothing did. */
export function errorTypeOf({ outcome, errorCode }: SettleEntry): string {
  if (outcome === 'served') return ''
  return errorCode === '' ? otherError : told(errorCode)
}

import type { SettleEntry } from '#core/ledger/entry.ts'
import type { Attributes } from '#core/telemetry/signals.ts'
import { attribute, operations, otherError, providerName } from './names.ts'

/** Where the configured providers are, by their names. */
export type Servers = ReadonlyMap<string, { readonly address: string; readonly port: number }>

/** What spans and metrics say of an operation alike. */
export function operationAttributes({ call, outcome, modelServed }: SettleEntry, servers: Servers): Attributes {
  const server = servers.get(call.upstream)
  const answered = outcome === 'served' || outcome === 'cancelled'
  return {
    [attribute.operationName]: operations[call.endpoint].name,
    [attribute.providerName]: providerName(call.vendor, call.endpoint),
    ...(call.modelRouted === '' ? {} : { [attribute.requestModel]: call.modelRouted }),
    ...(answered && modelServed !== '' ? { [attribute.responseModel]: modelServed } : {}),
    ...(server === undefined ? {} : { [attribute.serverAddress]: server.address, [attribute.serverPort]: server.port }),
  }
}

/** What went wrong; empty where nothing did. */
export function errorTypeOf({ outcome, errorCode }: SettleEntry): string {
  if (outcome === 'served') return ''
  return errorCode === '' ? otherError : errorCode
}

import type { Arrival } from './request/arrival.ts'

/** A fault of ours while a call was handled: its cause, and which call it was. */
export class CallFault extends Error {
  override readonly name = 'CallFault'
  readonly callId: string
  readonly requestId: string

  constructor({ callId, requestId }: Pick<Arrival, 'callId' | 'requestId'>, cause: unknown) {
    super(`call ${callId} failed for a fault of the gateway`, { cause })
    this.callId = callId
    this.requestId = requestId
  }
}

/** A fault as the log has it: with the call by which the ledger, and the caller, know it. */
export function faultFields(fault: unknown): object {
  if (!(fault instanceof CallFault)) return { err: fault }
  return { call_id: fault.callId, request_id: fault.requestId, err: fault.cause }
}

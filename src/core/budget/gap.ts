/**
 * A stretch in which it is not known what some accounts had spent before it. Calls that were open when it began, or
 * began or were booked since, are counted as they come: their entries are not to be counted again when the ledger is
 * read to close the gap.
 */
export class Gap {
  readonly #callIds: Set<string>

  constructor(openCallIds: Iterable<string>) {
    this.#callIds = new Set(openCallIds)
  }

  count(callId: string): void {
    this.#callIds.add(callId)
  }

  counts(callId: string): boolean {
    return this.#callIds.has(callId)
  }
}

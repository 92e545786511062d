import type { CallFacts } from './entry.ts'
import type { WrittenMembers } from './line-writer.ts'

/** Callers choose some of the texts: beyond these bounds what is kept is let go of. In bytes, the last. */
const mostKeys = 500
const mostForOneKey = 16
const longestKept = 1_000

/** What the lines of many calls have in common. */
interface UsualMembers {
  readonly of: CallFacts
  /** The payer up to what each of its calls may say anew: an object that is not closed. */
  readonly payer: WrittenMembers
  /** From the key to how the call is made. */
  readonly route: WrittenMembers
}

/**
 * Calls of one key differ in a handful of members; what they have in common is kept as it stands in lines, so that ten
 * look-ups and copies become one and two. Found by comparing, because most of the texts are the very same objects.
 */
export class MembersOfKeys {
  readonly #make: (call: CallFacts) => UsualMembers
  readonly #ofKeys = new Map<string, UsualMembers[]>()

  constructor(make: (call: CallFacts) => UsualMembers) {
    this.#make = make
  }

  of(call: CallFacts): UsualMembers {
    const ofKey = this.#ofKeys.get(call.keyId)
    if (ofKey !== undefined) for (const members of ofKey) if (areOf(members.of, call)) return members
    return this.#keep(call, ofKey)
  }

  #keep(call: CallFacts, ofKey: UsualMembers[] | undefined): UsualMembers {
    const members = this.#make(call)
    if (members.payer.length + members.route.length > longestKept) return members
    if (ofKey === undefined) {
      if (this.#ofKeys.size >= mostKeys) this.#ofKeys.clear()
      this.#ofKeys.set(call.keyId, [members])
    } else {
      if (ofKey.length >= mostForOneKey) ofKey.length = 0
      ofKey.push(members)
    }
    return members
  }
}

function areOf(kept: CallFacts, call: CallFacts): boolean {
  return (
    kept.modelRequested === call.modelRequested &&
    kept.modelRouted === call.modelRouted &&
    kept.endpoint === call.endpoint &&
    kept.stream === call.stream &&
    kept.upstream === call.upstream &&
    kept.vendor === call.vendor &&
    (kept.payer === call.payer ||
      (kept.payer.department === call.payer.department &&
        kept.payer.project === call.payer.project &&
        kept.payer.costCenter === call.payer.costCenter))
  )
}

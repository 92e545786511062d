/** Labels whose values come, in the end, from callers. All others have a closed set or one that the operator wrote. */
const cappedLabels = ['provider', 'model', 'department', 'project'] as const

type CappedLabel = (typeof cappedLabels)[number]

/** How many values each of them may have, `none` and `other` not counted. */
type LabelLimits = Readonly<Record<CappedLabel, number>>

/** Stands for an empty text: a label without a value is none at all. */
export const noValue = 'none'
/** Stands for all values beyond the cap. */
export const otherValue = 'other'

/** Of a value that is shown, in UTF-16 code units: it stands in every series of its own. */
const longestValue = 200

/**
 * Which values of a label are shown as they are. Whoever scrapes keeps a series for each for weeks, and callers may
 * send any text as a department or model: past the cap a value becomes `other`, and that is counted. Of a long one the
 * beginning is shown, and all that begin so share a seat.
 *
 * A value keeps its seat until the process ends, since a counter must not begin again while it is watched. Seats go by
 * first come, with two exceptions, so that one caller cannot keep out all others: names that the operator wrote have
 * theirs before any call comes, and no key alone takes more than half of what those leave.
 */
export class LabelCaps {
  #limits: LabelLimits
  readonly #seats = new Map<CappedLabel, Seats>()
  readonly overflows = new Map<string, number>()

  constructor(limits: LabelLimits) {
    this.#limits = limits
    for (const label of cappedLabels) {
      this.#seats.set(label, { shown: new Map(), reserved: 0, byKey: new Map() })
      this.overflows.set(label, 0)
    }
  }

  /** A lower cap takes no seat away, it gives out no more. */
  configure(limits: LabelLimits): void {
    this.#limits = limits
  }

  /** Seats for names that the operator wrote, as far as there are any. */
  reserve(label: CappedLabel, values: Iterable<string>): void {
    const seats = this.#of(label)
    for (const value of Array.from(values, cut)) {
      if (isWord(value) || seats.shown.has(value) || seats.shown.size >= this.#limits[label]) continue
      seats.shown.set(value, value.toWellFormed())
      seats.reserved++
    }
  }

  /** What to show for a value that a call of this key has. */
  shown(label: CappedLabel, value: string, keyId: string): string {
    const seats = this.#of(label)
    const known = seats.shown.get(value)
    if (known !== undefined) return known
    if (value === '') return noValue
    if (isWord(value)) return value
    if (value.length > longestValue) return this.shown(label, cut(value), keyId)
    const taken = seats.byKey.get(keyId) ?? 0
    const most = this.#limits[label]
    if (seats.shown.size >= most || taken >= Math.max(1, Math.ceil((most - seats.reserved) / 2))) {
      this.overflowed(label)
      return otherValue
    }
    const text = value.toWellFormed()
    seats.shown.set(value, text)
    seats.byKey.set(keyId, taken + 1)
    return text
  }

  /** The same without giving out a seat. */
  known(label: CappedLabel, value: string): string {
    return this.#of(label).shown.get(cut(value)) ?? (value === '' ? noValue : otherValue)
  }

  overflowed(label: string): void {
    this.overflows.set(label, (this.overflows.get(label) ?? 0) + 1)
  }

  #of(label: CappedLabel): Seats {
    const seats = this.#seats.get(label)
    if (seats === undefined) throw new Error(`${label} is no capped label`)
    return seats
  }
}

interface Seats {
  /** By the value as it came. */
  readonly shown: Map<string, string>
  reserved: number
  /** How many seats calls of each key have taken. */
  readonly byKey: Map<string, number>
}

function cut(value: string): string {
  return value.length <= longestValue ? value : `${value.slice(0, longestValue - 1)}…`
}

/** Such a value needs no seat: there is a series for it anyway. */
function isWord(value: string): boolean {
  return value === '' || value === noValue || value === otherValue
}

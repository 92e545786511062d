import { type Directives, noDirectives, parseDirectives } from './directives.ts'
import { isObject, numberOf, objectsOf, textOf } from './json.ts'
import { hash32, randomFrom } from './random.ts'

/** A standing order: requests that fit get these directives. All given conditions must hold. */
interface Rule {
  readonly path: string | null
  readonly model: string | null
  readonly directives: Directives
  /** Only the first so many that fit; null = all. */
  readonly times: number | null
  /** Of those that fit, each with this chance. */
  readonly probability: number
  used: number
}

/** The global fault plan: from a file at the start, or by the control address while running. */
export class FaultPlan {
  readonly #random: () => number
  #rules: Rule[] = []

  constructor(seed: number) {
    this.#random = randomFrom(hash32('faults', seed))
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0
  }

  /**
   * Replaces the plan by `[{path?, model?, directives: "status=500", times?, probability?}]`, or `{rules: [...]}`.
   *
   * @throws DirectiveFault where a rule's directives are not understood; the old plan then stays.
   */
  replace(plan: unknown): void {
    const list = objectsOf(isObject(plan) ? plan['rules'] : plan)
    this.#rules = list.map((rule) => ({
      path: textOf(rule['path']),
      model: textOf(rule['model']),
      directives: parseDirectives(textOf(rule['directives']) ?? ''),
      times: numberOf(rule['times']),
      probability: numberOf(rule['probability']) ?? 1,
      used: 0,
    }))
  }

  /** The plan as it stands, with how often each rule was used. */
  describe(): unknown {
    return { rules: this.#rules }
  }

  /** What the first rule that fits orders; `body` is searched for the model's name. */
  orderFor(path: string, body: Buffer): Directives {
    for (const rule of this.#rules) {
      if (rule.times !== null && rule.used >= rule.times) continue
      if (rule.path !== null && !path.includes(rule.path)) continue
      if (rule.model !== null && !path.includes(rule.model) && !body.includes(`"${rule.model}"`)) continue
      if (rule.probability < 1 && this.#random() >= rule.probability) continue
      rule.used++
      return rule.directives
    }
    return noDirectives
  }
}

const maxKeys = 50_000

/** Counts requests by a key that the caller chose, for failures that last only some attempts. */
export class Attempts {
  readonly #counts = new Map<string, number>()

  /** How many requests with this key there were, this one included. */
  count(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.delete(key)
    this.#counts.set(key, count)
    if (this.#counts.size > maxKeys) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest)
        break
      }
    }
    return count
  }
}

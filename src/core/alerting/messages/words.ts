import type { AlertEvent } from '../alert.ts'

/** How a language writes numbers and times. */
export interface Notation {
  readonly group: string
  readonly decimal: string
  readonly percent: string
  /** Of the parts of a time in UTC, all as digits. */
  readonly time: (parts: {
    readonly year: string
    readonly month: string
    readonly day: string
    readonly clock: string
  }) => string
}

const mostCharacters = 200

/** The facts of an event as a language writes them. A fact that is not there is an empty text. */
export class Words {
  readonly #notation: Notation
  readonly #facts: Readonly<Record<string, string>>

  constructor(notation: Notation, { facts }: Pick<AlertEvent, 'facts'>) {
    this.#notation = notation
    this.#facts = facts
  }

  has(...names: readonly string[]): boolean {
    return names.every((name) => this.#fact(name) !== '')
  }

  text(name: string): string {
    return plainLine(this.#fact(name))
  }

  is(name: string, value: string): boolean {
    return this.#fact(name) === value
  }

  count(name: string): string {
    return numberText(this.#fact(name), this.#notation)
  }

  percent(name: string): string {
    return `${this.count(name)}${this.#notation.percent}`
  }

  /** An amount as it is: a limit. */
  exactUsd(name: string): string {
    return this.#usd(name, Infinity)
  }

  /**
   * An amount cut, not rounded, to cents, or to millionths where it is below a dollar: what is spent never looks like
   * more than it is. Smaller ones are shown as they are.
   */
  usd(name: string): string {
    const fact = this.#fact(name)
    if (!/^-?0?\./.test(fact)) return this.#usd(name, 2)
    return this.#usd(name, /^-?0?\.0{6}/.test(fact) ? Infinity : 6)
  }

  time(name: string): string {
    const [, year = '', month = '', day = '', clock = ''] =
      /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(this.#fact(name)) ?? []
    return year === '' ? '' : this.#notation.time({ year, month, day, clock })
  }

  /** Seconds as whole minutes where they are such. */
  duration(name: string): { readonly unit: 'second' | 'minute'; readonly count: string } {
    const seconds = Number(this.#fact(name))
    const unit = seconds % 60 === 0 && seconds > 0 ? 'minute' : 'second'
    return { unit, count: numberText(String(unit === 'minute' ? seconds / 60 : seconds), this.#notation) }
  }

  #usd(name: string, places: number): string {
    const [whole = '0', fraction = ''] = this.#fact(name).split('.')
    const kept = fraction.slice(0, places).replace(/0+$/, '').padEnd(2, '0')
    return `${numberText(`${whole}.${kept}`, this.#notation)}\u00a0USD`
  }

  #fact(name: string): string {
    return Object.hasOwn(this.#facts, name) ? (this.#facts[name] ?? '') : ''
  }
}

/** Digits are taken as they are: no number in between. */
export function numberText(decimal: string, { group, decimal: point }: Pick<Notation, 'group' | 'decimal'>): string {
  const [whole = '', fraction] = decimal.split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, group)
  return fraction === undefined ? grouped : `${grouped}${point}${fraction}`
}

/** What callers named, as one line without what could rearrange the text around it. */
export function plainLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const characters = [...line]
  return characters.length <= mostCharacters ? line : `${characters.slice(0, mostCharacters - 1).join('')}…`
}

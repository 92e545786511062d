import type { Matchers } from './routing.ts'

export type Labels = Readonly<Record<string, string>>

/**
 * Whether labels have what matchers ask for. A label that is absent and one that is empty are the same, as with
 * Alertmanager: `*` takes neither, and the value '' takes both. Case matters.
 */
export function matches(matchers: Matchers, labels: Labels): boolean {
  return Object.entries(matchers).every(([name, values]) => {
    const value = labelOf(labels, name)
    return values.some((wanted) => (wanted === '*' ? value !== '' : wanted === value))
  })
}

/** The empty text where it is absent. Names are not mistaken for what every object has. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''
}

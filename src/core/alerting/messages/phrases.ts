import type { AlertType } from '../alert.ts'
import type { OverReason } from '../open-alerts.ts'
import type { Notation, Words } from './words.ts'

/** What a language has to say. */
export interface Phrases {
  readonly notation: Notation
  /** As it stands for several alerts of the type. */
  readonly types: Readonly<Record<AlertType, string>>
  /** Names of labels, before their value; a label that is not named stands as it is. */
  readonly labels: Readonly<Record<string, string>>
  readonly alerts: Readonly<Record<AlertType, Phrase>>
  readonly reasons: Readonly<Record<OverReason, string>>
  readonly resolved: string
  readonly request: (id: string) => string
  readonly firedAt: (time: string) => string
  readonly stillFiring: string
  readonly sentBy: string
  readonly firingCount: (count: number, text: string) => string
  readonly resolvedCount: (count: number, text: string) => string
  readonly more: (count: number, text: string) => string
}

interface Phrase {
  readonly title: (words: Words) => string
  readonly text: (words: Words) => string
  /** Whether who called, and by which request, belongs to it. */
  readonly ofCall?: true
}

/** Sentences without those that have nothing to say. */
export function sentences(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== '').join(' ')
}

/** The word of that window, or the first where it is none. */
export function byWindow(
  words: Words,
  of: Readonly<Record<'minute' | 'hour' | 'day' | 'week' | 'month', string>>,
): string {
  const found = Object.entries(of).find(([window]) => words.is('window', window))
  return found?.[1] ?? of.minute
}

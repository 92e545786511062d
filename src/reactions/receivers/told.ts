import { createHash } from 'node:crypto'
import type { AlertEvent, Severity } from '#core/alerting/alert.ts'
import type { NotificationMessage } from '#core/alerting/message.ts'
import { type Notification, unlisted } from '#core/alerting/notification.ts'
import type { Language } from '#core/alerting/receiver.ts'

/** Finds words for a notification: those of core/alerting. */
export type Say = (notification: Notification, language: Language) => NotificationMessage

/** One alert in a receiver's language. */
export interface ToldAlert {
  readonly event: AlertEvent
  readonly title: string
  readonly text: string
  readonly mark: string
}

/** A notification in a receiver's language: those that fire first, each sort in the order it came. */
export interface Told {
  readonly heading: string
  readonly alerts: readonly ToldAlert[]
  /** Nothing of it fires any longer. */
  readonly over: boolean
  /** The gravest of those that fire, or of all where none does. */
  readonly severity: Severity
  /** That there are more alerts than so many that are shown; null where there are not. */
  readonly left: (shown: number) => string | null
  readonly sentBy: string
}

const marks: Readonly<Record<Severity, string>> = { info: '🔵', warning: '🟠', critical: '🔴' }
const overMark = '🟢'

export function tell(notification: Notification, say: Say, language: Language): Told {
  const { title, alerts, severity, more, sentBy } = say(notification, language)
  const over = notification.status === 'resolved'
  const heading = oneLine(title) || alerts.map(({ event }) => event.type).join(', ')
  return {
    heading: `${over ? overMark : marks[severity]} ${heading}`,
    alerts: alerts.map((said) => ({
      event: said.event,
      title: oneLine(said.title) || said.event.type,
      text: said.text,
      mark: said.event.status === 'resolved' ? overMark : marks[said.event.severity],
    })),
    over,
    severity,
    left: (shown) => {
      const count = alerts.length - shown + unlisted(notification)
      return count === 0 ? null : more(count)
    },
    sentBy,
  }
}

/** Labels as Prometheus writes them, sorted by name: `department="search", model="gpt-4.1"`. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return sorted(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')
}

export function sorted(labels: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/**
 * The text, escaped, in at most so many UTF-16 units: where it does not fit it ends in an ellipsis, never within an
 * escape sequence or a surrogate pair.
 */
export function clip(text: string, most: number, escaped: (character: string) => string = (same) => same): string {
  let clipped = ''
  /** Where the ellipsis goes if the rest turns out not to fit. */
  let cutAt = 0
  for (const character of text) {
    const next = escaped(character)
    if (clipped.length + next.length > most) return `${clipped.slice(0, cutAt)}…`
    clipped += next
    if (clipped.length < most) cutAt = clipped.length
  }
  return clipped
}

/** The id itself where it is made of letters, digits, `_` and `-` and short enough; else a digest of it. */
export function plainId(id: string, most: number): string {
  return /^[A-Za-z0-9_-]+$/.test(id) && id.length <= most ? id : createHash('sha256').update(id).digest('hex')
}

import { type AlertEvent, type AlertType, alertTypes, type Severity, severities } from './alert.ts'
import { de } from './messages/de.ts'
import { en } from './messages/en.ts'
import type { Phrases } from './messages/phrases.ts'
import { vi } from './messages/vi.ts'
import { numberText, plainLine, Words } from './messages/words.ts'
import type { Notification } from './notification.ts'
import type { Language } from './receiver.ts'

/** Plain text, nothing escaped: a receiver's own markup is its adapter's. Neither part is ever empty. */
export interface AlertMessage {
  /** One line. */
  readonly title: string
  /** One paragraph. */
  readonly text: string
}

export interface NotificationMessage {
  /** One line: what its one alert says, or of several how many fire and how many are over. */
  readonly title: string
  /** Of each alert listed, those that fire first; in the order of the notification. */
  readonly alerts: readonly (AlertMessage & { readonly event: AlertEvent })[]
  /** The worst of what fires, or of what was, where nothing does any more. */
  readonly severity: Severity
  /** That there are so many more than those that are shown. */
  readonly more: (count: number) => string
  readonly sentBy: string
}

const languages: Readonly<Record<Language, Phrases>> = { en, de, vi }

/** What an alert says by itself. The same event makes the same text, on any machine. */
export function alertMessage(event: AlertEvent, language: Language): AlertMessage {
  const phrases = languages[language]
  const words = new Words(phrases.notation, event)
  const phrase = phrases.alerts[event.type]
  const title = phrase.title(words)
  if (event.status === 'resolved') {
    const reason = Object.entries(phrases.reasons).find(([name]) => words.is('reason', name))?.[1]
    const firedAt = words.has('fired_at') ? phrases.firedAt(words.time('fired_at')) : ''
    return {
      title: `${phrases.resolved}: ${title}`,
      text: [reason ?? `${phrases.resolved}.`, firedAt].join(' ').trim(),
    }
  }
  const who = phrase.ofCall ? callLine(event, phrases) : ''
  return { title, text: [phrase.text(words), who].join(' ').trim() }
}

export function notificationMessage(notification: Notification, language: Language): NotificationMessage {
  const phrases = languages[language]
  const { firing, resolved } = notification
  const alerts = [...firing, ...resolved].map((event) => ({ event, ...alertMessage(event, language) }))
  const only = notification.firingCount + notification.resolvedCount === 1 ? alerts[0] : undefined
  const title = only?.title ?? countsOf(notification, phrases)
  return {
    title: notification.repeated ? `${phrases.stillFiring}: ${title}` : title,
    alerts,
    severity: worst(firing.length > 0 ? firing : resolved),
    more: (count) => phrases.more(count, numberText(String(count), phrases.notation)),
    sentBy: phrases.sentBy,
  }
}

function countsOf(notification: Notification, phrases: Phrases): string {
  const { firingCount, resolvedCount } = notification
  const count = (of: number) => numberText(String(of), phrases.notation)
  const counts = [
    ...(firingCount > 0 ? [phrases.firingCount(firingCount, count(firingCount))] : []),
    ...(resolvedCount > 0 ? [phrases.resolvedCount(resolvedCount, count(resolvedCount))] : []),
  ]
  const type = alertTypes.find((one) => notification.commonLabels['type'] === one)
  return `${counts.join(', ')}${type === undefined ? '' : `: ${phrases.types[type]}`}${groupText(notification, phrases, type)}`
}

/** What the alerts of a group share, as far as the rest of the title does not say it. */
function groupText({ groupLabels }: Notification, phrases: Phrases, type: AlertType | undefined): string {
  const shown = Object.entries(groupLabels).filter(([name]) => name !== 'severity' && (name !== 'type' || !type))
  return shown.length === 0 ? '' : ` (${shown.map(([name, value]) => labelText(phrases, name, value)).join(', ')})`
}

function callLine({ labels, facts }: AlertEvent, phrases: Phrases): string {
  const names = ['department', 'project', 'cost_center', 'user_id', 'key', 'provider']
  const parts = names.flatMap((name) => (labels[name] ? [labelText(phrases, name, labels[name])] : []))
  if (facts['request_id']) parts.push(phrases.request(plainLine(facts['request_id'])))
  return parts.length === 0 ? '' : `(${parts.join(', ')})`
}

function labelText(phrases: Phrases, name: string, value: string): string {
  const known = Object.hasOwn(phrases.labels, name) ? phrases.labels[name] : undefined
  return `${known ?? plainLine(name)} ${plainLine(value)}`
}

function worst(events: readonly AlertEvent[]): Severity {
  return [...severities].reverse().find((one) => events.some(({ severity }) => severity === one)) ?? 'info'
}

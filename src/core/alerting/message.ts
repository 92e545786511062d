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
  /** One line, such as a subject: `[Critical] Budget engineering: 95% of the daily limit used`. */
  readonly title: string
  /** All of it, a line for each alert that is listed. */
  readonly text: string
  /** Of each alert listed, those that fire first; in the order of the notification. */
  readonly alerts: readonly AlertMessage[]
  /** That there are more than those; null where there are not. */
  readonly more: string | null
  /** The worst of what fires, or of what was, where nothing does any more. */
  readonly severity: Severity
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
  const { firing, resolved, firingCount, resolvedCount } = notification
  const listed = [...firing, ...resolved]
  const alerts = listed.map((event) => alertMessage(event, language))
  const unlisted = firingCount + resolvedCount - listed.length
  const more = unlisted > 0 ? phrases.more(unlisted, numberText(String(unlisted), phrases.notation)) : null
  const lines = alerts.map(({ title, text }) => (alerts.length === 1 && more === null ? text : `• ${title}\n  ${text}`))
  return {
    title: titleOf(notification, phrases),
    text: [...lines, ...(more === null ? [] : [more])].join('\n'),
    alerts,
    more,
    severity: worst(firing.length > 0 ? firing : resolved),
  }
}

function titleOf(notification: Notification, phrases: Phrases): string {
  const { status, firing, resolved, firingCount, resolvedCount, repeated } = notification
  const listed = [...firing, ...resolved]
  const [first] = listed
  const state = status === 'resolved' ? phrases.resolved : phrases.severities[worst(firing)]
  const tag = repeated ? `[${state}, ${phrases.stillFiring}]` : `[${state}]`
  if (first !== undefined && firingCount + resolvedCount === 1) {
    return `${tag} ${phrases.alerts[first.type].title(new Words(phrases.notation, first))}`
  }
  const count = (of: number) => numberText(String(of), phrases.notation)
  const counts = [
    ...(firingCount > 0 ? [phrases.firingCount(firingCount, count(firingCount))] : []),
    ...(resolvedCount > 0 ? [phrases.resolvedCount(resolvedCount, count(resolvedCount))] : []),
  ]
  const type = alertTypes.find((one) => notification.commonLabels['type'] === one)
  return `${tag} ${counts.join(', ')}${type === undefined ? '' : `: ${phrases.types[type]}`}${groupText(notification, phrases, type)}`
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

import type { AlertEvent, AlertType, Severity } from '#core/alerting/alert.ts'

interface More {
  readonly type?: AlertType
  readonly severity?: Severity
  readonly atMs?: number
  /** Tells times apart at which the same alert fires. */
  readonly episode?: number
  readonly labels?: Readonly<Record<string, string>>
}

/** An alert that is about a name, which is a label too. */
export function alertOf(name: string, more: More = {}): AlertEvent {
  const { type = 'hourly_cost', severity = 'warning', atMs = 0, episode = 1 } = more
  const labels = { name, type, severity, ...more.labels }
  return { id: `${name}${episode}+`, fingerprint: name, status: 'firing', type, severity, atMs, labels, facts: {} }
}

export function overOf(name: string, more: More = {}): AlertEvent {
  return { ...alertOf(name, more), id: `${name}${more.episode ?? 1}-`, status: 'resolved' }
}

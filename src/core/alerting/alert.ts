export const alertTypes = [
  'budget_threshold',
  'budget_exceeded',
  'hourly_cost',
  'oversized_request',
  'duplicate_prompt',
  'unpriced_model',
  'upstream_errors',
  'delivery_failure',
] as const

export type AlertType = (typeof alertTypes)[number]

export const severities = ['info', 'warning', 'critical'] as const

export type Severity = (typeof severities)[number]

/** The labels that an alert may carry: always `type` and `severity`, the others as they fit. */
export const alertLabels = [
  'type',
  'severity',
  'budget',
  'window',
  'department',
  'project',
  'cost_center',
  'user_id',
  'key',
  'model',
  'provider',
  'receiver',
] as const

/**
 * Something happened, or is over, that somebody may want to know. `fingerprint` says what it is about: a later event
 * with the same one is the same alert (it fires on, or is resolved).
 */
export interface AlertEvent {
  /** Stable: made from what caused it, so that a replay makes the same. */
  readonly id: string
  readonly fingerprint: string
  readonly status: 'firing' | 'resolved'
  readonly type: AlertType
  readonly severity: Severity
  readonly atMs: number
  /**
   * What routes, silences and inhibition match on, and groups are made by. Names are those of `alertLabels`.
   */
  readonly labels: Readonly<Record<string, string>>
  /** What messages are made of. Money as decimal text in USD, times as ISO 8601, percentages as whole numbers in text. */
  readonly facts: Readonly<Record<string, string>>
}

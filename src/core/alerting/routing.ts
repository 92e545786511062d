/*
 * Terms and semantics are those of Prometheus Alertmanager (https://prometheus.io/docs/alerting/latest/configuration/),
 * so that operators know them already.
 */

/** A label has one of the values; `*` stands for any value but none. All matchers must hold. */
export type Matchers = Readonly<Record<string, readonly string[]>>

/** Tried in order: the first that matches takes an alert, and where `continue` is set those after it may take it too. */
export interface Route {
  readonly match: Matchers
  readonly receivers: readonly string[]
  /** Labels; alerts that agree in all of them are told in one message. */
  readonly groupBy: readonly string[]
  /** How long a new group waits for more before it is told. */
  readonly groupWaitMs: number
  /** How long a group that was told waits before it tells of changes. */
  readonly groupIntervalMs: number
  /** After how long a group that has not changed is told again. */
  readonly repeatIntervalMs: number
  readonly continue: boolean
}

/** While an alert that matches `source` fires, those that match `target` and agree in `equal` are not told. */
export interface InhibitRule {
  readonly source: Matchers
  readonly target: Matchers
  readonly equal: readonly string[]
}

/** Made by people for a time: alerts that match are not told. */
export interface Silence {
  readonly id: string
  readonly match: Matchers
  readonly startsAtMs: number
  readonly endsAtMs: number
  readonly createdBy: string
  readonly comment: string
}

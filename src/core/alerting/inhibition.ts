import { type Labels, labelOf, matches } from './matchers.ts'
import type { InhibitRule } from './routing.ts'

interface Inhibitor {
  readonly rule: InhibitRule
  /** What the alerts that match the source have in the labels that must agree. */
  readonly sources: ReadonlySet<string>
  /** The same, of those that do not match the target as well. */
  readonly oneSided: ReadonlySet<string>
}

/**
 * Prepares the question whether an alert is inhibited, given all that fire. As with Alertmanager a silenced or inhibited
 * alert still inhibits others; labels that both lack agree; and an alert that matches both sides of a rule is not
 * inhibited by one of which the same is true, itself included.
 */
export function inhibition(rules: readonly InhibitRule[], firing: readonly Labels[]): (labels: Labels) => boolean {
  const inhibitors = rules.map((rule): Inhibitor => {
    const sources = firing.filter((labels) => matches(rule.source, labels))
    const oneSided = sources.filter((labels) => !matches(rule.target, labels))
    const agreeing = (labels: Labels) => valuesOf(labels, rule.equal)
    return { rule, sources: new Set(sources.map(agreeing)), oneSided: new Set(oneSided.map(agreeing)) }
  })
  return (labels) =>
    inhibitors.some(({ rule, sources, oneSided }) => {
      if (!matches(rule.target, labels)) return false
      return (matches(rule.source, labels) ? oneSided : sources).has(valuesOf(labels, rule.equal))
    })
}

function valuesOf(labels: Labels, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => labelOf(labels, name)))
}

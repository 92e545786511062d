import { alertLabels, alertTypes, severities } from '#core/alerting/alert.ts'
import { closest } from '#lib/closest.ts'
import { isLocalName, isPrivateAddress } from '#lib/private-address.ts'
import { type LiveEntry, type ReceiverEntry, receiverKinds } from './alert-schema.ts'
import type { AlertEntries, Part, Report } from './entries.ts'
import type { PathPart } from './faults.ts'
import { repeated, uniqueNames } from './repeated.ts'

/** What no single value of the alerts shows. */
export function checkAlerts(alerts: AlertEntries, report: Report): void {
  const { receivers, routes, inhibit } = alerts.parts
  uniqueNames(['alerts', 'receivers'], receivers, report)
  for (const one of receivers) {
    checkReceiver(one, ['alerts', 'receivers', one.index], { report, allowPrivate: alerts.allowPrivateUrls })
  }
  for (const { index, entry } of routes) {
    const at = ['alerts', 'routes', index]
    checkMatchers(entry.match ?? {}, [...at, 'match'], report)
    checkLabels(entry.group_by ?? [], [...at, 'group_by'], report)
    entry.receivers?.forEach((name, place) => {
      if (alerts.receiverNames.has(name)) return
      const known = alerts.receivers.map((one) => one.entry.name).join(', ')
      const expected = known === '' ? 'a receiver of this file' : `one of ${known}`
      report([...at, 'receivers', place], 'names no receiver', expected)
    })
  }
  for (const { index, entry } of inhibit) {
    const at = ['alerts', 'inhibit', index]
    for (const side of ['source', 'target'] as const) {
      const matchers = entry[side]
      if (matchers === undefined) continue
      checkMatchers(matchers, [...at, side], report)
      if (Object.keys(matchers).length === 0) report([...at, side], 'is empty', 'at least one label')
    }
    checkLabels(entry.equal ?? [], [...at, 'equal'], report)
  }
  if (alerts.live !== null) checkLive(alerts.live, report)
}

interface ReceiverRules {
  readonly report: Report
  readonly allowPrivate: boolean
}

function checkReceiver(
  { entry, wrong: faulty, misnamed }: Part<ReceiverEntry>,
  at: readonly PathPart[],
  { report, allowPrivate }: ReceiverRules,
): void {
  const kinds = receiverKinds.filter((kind) => entry[kind] !== undefined || faulty.has(kind))
  if (kinds.length > 1 || (kinds.length === 0 && !misnamed)) {
    const wrong = kinds.length === 0 ? 'does not say how it is told' : `has ${kinds.join(' and ')}`
    report(at, wrong, `exactly one of ${receiverKinds.join(', ')}`)
  }
  for (const kind of ['slack', 'teams', 'pagerduty', 'webhook', 'alertmanager'] as const) {
    const url = entry[kind]?.url
    if (url !== undefined && !allowPrivate && leadsInside(url)) {
      const expected = 'an address in the public internet, or alerts: {allow_private_urls: true}'
      report([...at, kind, 'url'], 'points to a private address', expected)
    }
  }
  const { webhook, email } = entry
  if (webhook !== undefined && (webhook.secret === undefined) === (webhook.secrets === undefined)) {
    const wrong = webhook.secret === undefined ? 'has no secret' : 'has secret and secrets'
    report([...at, 'webhook'], wrong, 'exactly one of secret, secrets')
  }
  if ((webhook?.secrets?.length ?? 0) > 2) report([...at, 'webhook', 'secrets'], 'has more than two', 'one or two')
  if (email !== undefined && (email.smtp.user === undefined) !== (email.smtp.password === undefined)) {
    report([...at, 'email', 'smtp'], 'has one of user and password', 'both or neither')
  }
}

/** By what is written alone: what a name leads to is found when somebody is told, and judged again there. */
function leadsInside(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? ''
  return isPrivateAddress(host) || isLocalName(host)
}

function checkMatchers(
  matchers: Readonly<Record<string, readonly string[]>>,
  at: readonly PathPart[],
  report: Report,
): void {
  const words: Readonly<Record<string, readonly string[]>> = { type: alertTypes, severity: severities }
  for (const [label, values] of Object.entries(matchers)) {
    checkLabel(label, [...at, label], report)
    const allowed = words[label]
    if (allowed === undefined) continue
    for (const value of values) {
      if (value !== '*' && !allowed.includes(value)) {
        report([...at, label], `has a value that no ${label} has`, `* or one of ${allowed.join(', ')}`)
      }
    }
  }
}

function checkLabels(labels: readonly string[], at: readonly PathPart[], report: Report): void {
  labels.forEach((label, place) => {
    checkLabel(label, [...at, place], report)
  })
}

function checkLabel(label: string, at: readonly PathPart[], report: Report): void {
  if (alertLabels.some((known) => known === label)) return
  const [near] = closest(label, alertLabels, { most: 1 })
  report(at, 'is no label of an alert', near === undefined ? `one of ${alertLabels.join(', ')}` : `${near}, perhaps?`)
}

function checkLive({ hourly_cost_usd: hourly, output_tokens: output }: LiveEntry, report: Report): void {
  if (hourly !== undefined && hourly.total === undefined && Object.keys(hourly.models ?? {}).length === 0) {
    report(['alerts', 'live', 'hourly_cost_usd'], 'sets no limit', 'total, or models with at least one')
  }
  for (const [setting, models] of [
    ['hourly_cost_usd', hourly?.models],
    ['output_tokens', output?.models],
  ] as const) {
    const named = Object.keys(models ?? {})
    repeated(
      named.map((entry, index) => ({ index, entry })),
      (model) => model.toLowerCase(),
      (index) => report(['alerts', 'live', setting, 'models', named[index] ?? ''], 'is given twice', 'each model once'),
    )
  }
}

import type { LiveThresholds } from '#core/alerting/live-thresholds.ts'
import type { Receiver, ReceiverKind } from '#core/alerting/receiver.ts'
import type { Route } from '#core/alerting/routing.ts'
import { parseUsd } from '#core/money/usd-text.ts'
import type { LiveEntry, ReceiverEntry } from './alert-schema.ts'
import type { AlertsConfig } from './config.ts'
import * as defaults from './defaults.ts'
import type { AlertEntries } from './entries.ts'

/** The section from entries without faults. */
export function buildAlerts(section: AlertEntries): AlertsConfig {
  return {
    receivers: section.receivers.flatMap(({ entry }) => buildReceiver(entry)),
    routes: buildRoutes(section),
    inhibit: section.inhibit.map(({ entry: { source, target, equal } }) => ({ source, target, equal: equal ?? [] })),
    live: buildLive(section.live ?? {}),
    allowPrivateUrls: section.allowPrivateUrls,
  }
}

function buildReceiver(entry: ReceiverEntry): Receiver[] {
  const kind = buildKind(entry)
  if (kind === null) return []
  return [{ name: entry.name, language: entry.language ?? 'en', sendResolved: entry.send_resolved ?? true, ...kind }]
}

function buildKind({ slack, teams, pagerduty, email, webhook, alertmanager, log }: ReceiverEntry): ReceiverKind | null {
  if (slack !== undefined) return { kind: 'slack', url: slack.url }
  if (teams !== undefined) return { kind: 'teams', url: teams.url }
  if (pagerduty !== undefined) {
    const url = pagerduty.url ?? defaults.defaultPagerdutyUrl
    return { kind: 'pagerduty', url, routingKey: pagerduty.routing_key }
  }
  if (email !== undefined) {
    const { host, port, security = 'starttls', user = null, password = null } = email.smtp
    const smtp = { host, port: port ?? defaults.defaultSmtpPort[security], security, user, password }
    return { kind: 'email', from: email.from, to: email.to, smtp }
  }
  if (webhook !== undefined) {
    return { kind: 'webhook', url: webhook.url, secrets: webhook.secrets ?? [webhook.secret ?? ''] }
  }
  if (alertmanager !== undefined) {
    return { kind: 'alertmanager', url: alertmanager.url.replace(/\/api\/v[12]\/alerts$/, '') }
  }
  return log === undefined ? null : { kind: 'log' }
}

/** Where the file says nothing of routes, every receiver is told everything. */
export function buildRoutes({ routes, routesWritten, receivers }: AlertEntries): Route[] {
  const usual = defaults.defaultRoute
  if (!routesWritten) {
    const everyone = receivers.map(({ entry }) => entry.name)
    return everyone.length === 0 ? [] : [{ match: {}, receivers: everyone, ...usual, continue: false }]
  }
  return routes.map(({ entry }) => ({
    match: entry.match ?? {},
    receivers: entry.receivers,
    groupBy: entry.group_by ?? usual.groupBy,
    groupWaitMs: entry.group_wait ?? usual.groupWaitMs,
    groupIntervalMs: entry.group_interval ?? usual.groupIntervalMs,
    repeatIntervalMs: entry.repeat_interval ?? usual.repeatIntervalMs,
    continue: entry.continue ?? false,
  }))
}

function buildLive(live: LiveEntry): LiveThresholds {
  const { hourly_cost_usd: hourly, output_tokens: output, upstream_errors: errors } = live
  return {
    hourlyCost:
      hourly === undefined
        ? null
        : {
            totalPicoUsd: hourly.total === undefined ? null : parseUsd(hourly.total),
            models: perModel(hourly.models ?? {}, parseUsd),
          },
    outputTokens:
      output === undefined
        ? null
        : {
            models: perModel(output.models ?? {}, (count) => count),
            others: output.default ?? defaults.defaultOutputTokens,
          },
    duplicatePrompts: live.duplicate_prompts ?? null,
    upstreamErrors:
      errors === undefined
        ? null
        : {
            percent: errors.percent,
            leastCalls: errors.least_calls ?? defaults.defaultUpstreamErrors.leastCalls,
            windowMs: errors.window ?? defaults.defaultUpstreamErrors.windowMs,
          },
    unpricedModels: live.unpriced_models ?? true,
  }
}

/** By the model's name in lower case. */
function perModel<T, U>(limits: Readonly<Record<string, T>>, build: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(limits).map(([model, value]) => [model.toLowerCase(), build(value)]))
}

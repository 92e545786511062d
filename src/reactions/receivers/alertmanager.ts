import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import type { RenderContext } from './render-context.ts'
import { sorted, type ToldAlert, tell } from './told.ts'

/**
 * How long an alert fires on at Alertmanager after it was last told of it. Without an end of its own an alert would be
 * over after its `resolve_timeout`, five minutes by default: it expects a Prometheus that repeats itself every minute.
 */
const firesForMs = 24 * 60 * 60_000

/**
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, `POST /api/v2/alerts`. Alertmanager knows an
 * alert by its labels, so those have the fingerprint among them.
 */
export function alertmanagerMessage(
  receiver: Extract<Receiver, { kind: 'alertmanager' }>,
  notification: Notification,
  context: RenderContext,
): OutgoingMessage {
  const { alerts: told } = tell(notification, context.say, receiver.language)
  const alerts = told.map((alert) => postable(alert, context))
  const url = alertsUrl(receiver.url)
  return { kind: 'http', requests: [{ url, headers: {}, body: JSON.stringify(alerts) }], retry: 'service' }
}

function postable({ event, title, text }: ToldAlert, { nowMs, externalUrl }: RenderContext): object {
  return {
    labels: {
      ...labelSet(event.labels),
      alertname: event.type,
      severity: event.severity,
      tollgate_fingerprint: event.fingerprint,
    },
    annotations: {
      ...labelSet(event.facts),
      summary: title,
      description: text,
    },
    startsAt: isoText(event.atMs),
    endsAt: isoText(event.status === 'firing' ? nowMs + firesForMs : event.atMs),
    ...(externalUrl === null ? {} : { generatorURL: externalUrl }),
  }
}

/** Names as https://prometheus.io/docs/concepts/data_model/ allows them; an empty value is the same as no label. */
function labelSet(labels: Readonly<Record<string, string>>): Record<string, string> {
  const named = sorted(labels).filter(([, value]) => value !== '')
  return Object.fromEntries(named.map(([name, value]) => [name.replace(/^[^A-Za-z_]|[^A-Za-z0-9_]/g, '_'), value]))
}

function alertsUrl(base: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`
  return url.href
}

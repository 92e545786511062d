import type { AlertEvent } from '#core/alerting/alert.ts'
import type { OutgoingMessage, OutgoingRequest } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import type { RenderContext } from './render-context.ts'
import { clip, plainId, type ToldAlert, tell } from './told.ts'

/** https://developer.pagerduty.com/docs/send-alert-event: most characters of a summary and of a dedup key. */
const mostSummary = 1024
const mostKey = 255

/**
 * An event for each alert: it triggers an incident, or resolves the one that the same fingerprint triggered.
 * https://developer.pagerduty.com/docs/events-api-v2-overview
 */
export function pagerdutyMessage(
  receiver: Extract<Receiver, { kind: 'pagerduty' }>,
  notification: Notification,
  context: RenderContext,
): OutgoingMessage {
  const { alerts } = tell(notification, context.say, receiver.language)
  const events = alerts.map((alert) =>
    alert.event.status === 'firing' ? trigger(alert, context) : resolve(alert.event),
  )
  const requests = events.map(
    (event): OutgoingRequest => ({
      url: receiver.url,
      headers: {},
      body: JSON.stringify({ routing_key: receiver.routingKey, ...event }),
    }),
  )
  return { kind: 'http', requests, retry: 'service' }
}

function trigger({ event, title, text }: ToldAlert, { source, externalUrl }: RenderContext): object {
  return {
    event_action: 'trigger',
    dedup_key: dedupKey(event),
    client: 'Tollgate',
    ...(externalUrl === null ? {} : { client_url: externalUrl }),
    payload: {
      summary: clip(title, mostSummary),
      source,
      // PagerDuty knows our three, and `error` beside them.
      severity: event.severity,
      timestamp: isoText(event.atMs),
      component: 'tollgate',
      class: event.type,
      custom_details: { message: text, labels: event.labels, facts: event.facts },
    },
  }
}

function resolve(event: AlertEvent): object {
  return { event_action: 'resolve', dedup_key: dedupKey(event) }
}

function dedupKey({ fingerprint }: AlertEvent): string {
  return fingerprint.length <= mostKey ? fingerprint : plainId(fingerprint, mostKey)
}

import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import { type Notification, unlisted } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import type { RenderContext } from './render-context.ts'
import { labelsText, tell } from './told.ts'

/** One line of the process's log. Labels stand in it as text: as fields, one called `key` would be taken for a secret. */
export function logMessage(
  receiver: Extract<Receiver, { kind: 'log' }>,
  notification: Notification,
  { say }: RenderContext,
): OutgoingMessage {
  const { heading, alerts, over, severity } = tell(notification, say, receiver.language)
  return {
    kind: 'line',
    severity: over ? 'info' : severity,
    text: heading,
    fields: {
      notification: notification.id,
      receiver: notification.receiver,
      status: over ? 'resolved' : 'firing',
      group: labelsText(notification.groupLabels),
      alerts: alerts.map(({ event, title, text }) => ({
        id: event.id,
        fingerprint: event.fingerprint,
        status: event.status,
        type: event.type,
        severity: event.severity,
        at: isoText(event.atMs),
        labels: labelsText(event.labels),
        title,
        text,
      })),
      truncated: unlisted(notification),
    },
  }
}

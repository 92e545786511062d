import { createHmac } from 'node:crypto'
import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import { type Notification, unlisted } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import type { RenderContext } from './render-context.ts'
import { plainId, tell } from './told.ts'

const mostId = 128

/**
 * Our own form, described in docs/alerts.md, signed as https://www.standardwebhooks.com says and in
 * `X-Tollgate-Signature`. The body is the same at every attempt; the time that is signed with it is the attempt's.
 */
export function webhookMessage(
  receiver: Extract<Receiver, { kind: 'webhook' }>,
  notification: Notification,
  context: RenderContext,
): OutgoingMessage {
  const body = JSON.stringify(payload(receiver, notification, context))
  const headers = signatures(plainId(notification.id, mostId), body, receiver.secrets, context.nowMs)
  return { kind: 'http', requests: [{ url: receiver.url, headers, body }], retry: 'any' }
}

function payload(receiver: Receiver, notification: Notification, { say, externalUrl }: RenderContext): object {
  const { alerts, over } = tell(notification, say, receiver.language)
  const status = over ? 'resolved' : 'firing'
  return {
    type: `alert.${status}`,
    timestamp: isoText(Math.max(0, ...alerts.map(({ event }) => event.atMs))),
    data: {
      id: notification.id,
      receiver: notification.receiver,
      status,
      group_labels: notification.groupLabels,
      alerts: alerts.map(({ event, title, text }) => ({
        id: event.id,
        fingerprint: event.fingerprint,
        status: event.status,
        type: event.type,
        severity: event.severity,
        timestamp: isoText(event.atMs),
        title,
        message: text,
        labels: event.labels,
        facts: event.facts,
      })),
      truncated: unlisted(notification),
      external_url: externalUrl,
    },
  }
}

/**
 * A signature by each secret, the first secret's first, so that a receiver that has either accepts the message
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). The id has no full
 * stop in it: the parts of what is signed could be shifted otherwise.
 */
function signatures(id: string, body: string, secrets: readonly string[], nowMs: number): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const keys = secrets.map(keyOf)
  const [first] = keys
  const signed = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(first === undefined
      ? {}
      : {
          'webhook-signature': signed.join(' '),
          'x-tollgate-signature': `sha256=${createHmac('sha256', first).update(body).digest('hex')}`,
        }),
  }
}

/** What follows `whsec_` is base64; any other secret is taken as it is. */
function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
}

import type { Notification } from '#core/alerting/delivery.ts'

/** What `JSON.stringify` of a notification has left in the outbox. @throws where it is none */
export function readNotification(body: string): Notification {
  const value: unknown = JSON.parse(body)
  if (isNotification(value)) return value
  throw new TypeError('the outbox holds something that is no notification')
}

function isNotification(value: unknown): value is Notification {
  if (typeof value !== 'object' || value === null) return false
  const { id, receiver, firing, resolved } = value as Record<string, unknown>
  return typeof id === 'string' && typeof receiver === 'string' && Array.isArray(firing) && Array.isArray(resolved)
}

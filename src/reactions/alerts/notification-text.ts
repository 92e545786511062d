import type { Notification } from '#core/alerting/notification.ts'

/** What `JSON.stringify` of a notification has left in the outbox; null where it is none of this version. */
export function readNotification(body: string): Notification | null {
  try {
    const value: unknown = JSON.parse(body)
    return isNotification(value) ? value : null
  } catch {
    // Whoever asks has to do without it: it would be the same the next time.
    return null
  }
}

/** Whether it is to be an alert that this was not delivered. What tells of failed deliveries only is not: no end to it. */
export function isWorthAnAlert(body: string): boolean {
  const notification = readNotification(body)
  if (notification === null) return true
  return [...notification.firing, ...notification.resolved].some(({ type }) => type !== 'delivery_failure')
}

function isNotification(value: unknown): value is Notification {
  if (typeof value !== 'object' || value === null) return false
  const { id, receiver, firing, resolved, firingCount, resolvedCount, groupLabels, commonLabels } = value as Record<
    string,
    unknown
  >
  return (
    [id, receiver].every((one) => typeof one === 'string') &&
    [firing, resolved].every(Array.isArray) &&
    [firingCount, resolvedCount].every((one) => typeof one === 'number') &&
    [groupLabels, commonLabels].every((one) => typeof one === 'object' && one !== null)
  )
}

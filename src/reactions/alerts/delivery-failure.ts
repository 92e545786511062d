import type { AlertEvent } from '#core/alerting/alert.ts'
import type { Notification } from '#core/alerting/delivery.ts'

/** Whether it is to be an alert that this was not delivered. What tells of failed deliveries only is not: no end to it. */
export function isWorthAnAlert({ firing, resolved }: Notification): boolean {
  return [...firing, ...resolved].some(({ type }) => type !== 'delivery_failure')
}

/** Nobody is told of his own deafness. Null where nothing is left to tell. */
export function forItsReceiver(notification: Notification): Notification | null {
  const isOther = ({ type, labels }: AlertEvent) =>
    type !== 'delivery_failure' || labels['receiver'] !== notification.receiver
  const firing = notification.firing.filter(isOther)
  const resolved = notification.resolved.filter(isOther)
  return firing.length + resolved.length === 0 ? null : { ...notification, firing, resolved }
}

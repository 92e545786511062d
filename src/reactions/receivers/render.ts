import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { alertmanagerMessage } from './alertmanager.ts'
import { mailMessage } from './email.ts'
import { logMessage } from './log.ts'
import { pagerdutyMessage } from './pagerduty.ts'
import type { RenderContext } from './render-context.ts'
import { slackMessage } from './slack.ts'
import { teamsMessage } from './teams.ts'
import { webhookMessage } from './webhook.ts'

/** The form in which a receiver's service wants a notification. Pure: the same arguments give the same message. */
export function renderMessage(receiver: Receiver, notification: Notification, context: RenderContext): OutgoingMessage {
  switch (receiver.kind) {
    case 'slack':
      return slackMessage(receiver, notification, context)
    case 'teams':
      return teamsMessage(receiver, notification, context)
    case 'pagerduty':
      return pagerdutyMessage(receiver, notification, context)
    case 'email':
      return mailMessage(receiver, notification, context)
    case 'webhook':
      return webhookMessage(receiver, notification, context)
    case 'alertmanager':
      return alertmanagerMessage(receiver, notification, context)
    case 'log':
      return logMessage(receiver, notification, context)
  }
}

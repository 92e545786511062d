import type { Messages } from '#core/alerting/delivery.ts'
import { alertMessage } from '#core/alerting/message.ts'

export const messages: Messages = {
  title: (event, language) => alertMessage(event, language).title,
  text: (event, language) => alertMessage(event, language).text,
}

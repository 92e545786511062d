import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { RenderContext } from './render-context.ts'
import { clip, labelsText, type ToldAlert, tell } from './told.ts'

/**
 * Teams refuses messages of about 28 KB, its own envelope included
 * (https://learn.microsoft.com/connectors/teams/#known-issues-and-limitations-with-actions); senders have seen it refuse
 * 22 KB already.
 */
const mostBytes = 20_000
const mostTitle = 300
const mostText = 2000
const mostLabels = 500

/**
 * A message with one Adaptive Card, as the trigger "When a Teams webhook request is received" of a workflow takes it:
 * https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook. Version 1.4 of the cards is shown by every
 * client of Teams (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference).
 */
export function teamsMessage(
  receiver: Extract<Receiver, { kind: 'teams' }>,
  notification: Notification,
  { say }: RenderContext,
): OutgoingMessage {
  const { heading, alerts, left } = tell(notification, say, receiver.language)
  const head = { ...lines(heading, { size: 'large', weight: 'bolder' }), separator: false }
  const body: object[] = [head]
  let bytes = Buffer.byteLength(JSON.stringify(card(heading, [head]))) + 200
  let told = 0
  for (const alert of alerts) {
    const element = containerOf(alert)
    bytes += Buffer.byteLength(JSON.stringify(element)) + 1
    if (told > 0 && bytes > mostBytes) break
    body.push(element)
    told++
  }
  const more = left(told)
  if (more !== null) body.push(lines(more, { isSubtle: true }))
  const text = JSON.stringify(card(heading, body))
  return { kind: 'http', requests: [{ url: receiver.url, headers: {}, body: text }], retry: 'service' }
}

function card(heading: string, body: readonly object[]): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: clip(heading, mostTitle),
    msteams: { width: 'Full' },
    body,
  }
  const contentType = 'application/vnd.microsoft.card.adaptive'
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content }] }
}

function containerOf({ event, mark, title, text }: ToldAlert): object {
  const items: object[] = [
    lines(`${mark} ${clip(title, mostTitle)}`, { weight: 'bolder' }),
    lines(clip(text, mostText), {}),
  ]
  const labels = clip(labelsText(event.labels), mostLabels)
  if (labels !== '') items.push(lines(labels, { isSubtle: true, size: 'small' }))
  return { type: 'Container', style: styleOf(event), separator: true, items }
}

/** Text runs know no Markdown, so that nothing in somebody's data becomes a link: https://adaptivecards.io/explorer/TextRun.html */
function lines(text: string, look: Readonly<Record<string, string | boolean>>): object {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...look }] }
}

function styleOf({ status, severity }: ToldAlert['event']): string {
  if (status === 'resolved') return 'good'
  return severity === 'critical' ? 'attention' : severity === 'warning' ? 'warning' : 'accent'
}

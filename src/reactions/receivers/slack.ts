import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { RenderContext } from './render-context.ts'
import { clip, labelsText, type ToldAlert, tell } from './told.ts'

// https://docs.slack.dev/reference/block-kit/blocks: 50 blocks a message; a header holds 150 characters.
const mostBlocks = 50
const mostHeader = 150
/** https://docs.slack.dev/reference/block-kit/composition-objects/text-object: 1 to 3000. */
const mostText = 3000
/** Not documented: from about 10,000 characters in all blocks on, Slack answers `msg_blocks_too_long`. */
const mostAllText = 9000
const mostTitle = 300
const mostLabels = 500

/**
 * Blocks, and the text that notifications and screen readers use.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export function slackMessage(
  receiver: Extract<Receiver, { kind: 'slack' }>,
  notification: Notification,
  { say }: RenderContext,
): OutgoingMessage {
  const { heading, alerts, left } = tell(notification, say, receiver.language)
  const blocks: object[] = [{ type: 'header', text: plain(clip(heading, mostHeader)) }]
  let length = heading.length
  let told = 0
  for (const alert of alerts) {
    const own = blocksOf(alert)
    length += own.length
    if (told > 0 && (blocks.length + own.blocks.length + 1 > mostBlocks || length > mostAllText)) break
    blocks.push(...own.blocks)
    told++
  }
  const more = left(told)
  if (more !== null) blocks.push({ type: 'context', elements: [plain(more)] })
  const titles = alerts.slice(0, told).map(({ mark, title }) => `${mark} ${title}`)
  const fallback =
    told === 1 && more === null ? heading : [heading, ...titles, ...(more === null ? [] : [more])].join('\n')
  const body = JSON.stringify({ text: clip(fallback, mostText, escaped), blocks })
  return { kind: 'http', requests: [{ url: receiver.url, headers: {}, body }], retry: 'service' }
}

function blocksOf({ event, mark, title, text }: ToldAlert): { readonly blocks: object[]; readonly length: number } {
  const bold = `${mark} *${clip(title, mostTitle, escaped)}*\n`
  const said = bold + clip(text, mostText - bold.length, escaped)
  const labels = clip(labelsText(event.labels), mostLabels)
  // Verbatim: names of channels or people in somebody's data must not become links to them.
  const section = { type: 'section', text: { type: 'mrkdwn', text: said, verbatim: true } }
  const context = { type: 'context', elements: [plain(labels)] }
  return { blocks: labels === '' ? [section] : [section, context], length: said.length + labels.length }
}

function plain(text: string): object {
  return { type: 'plain_text', text, emoji: false }
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping: these three and no others. */
function escaped(character: string): string {
  if (character === '&') return '&amp;'
  if (character === '<') return '&lt;'
  return character === '>' ? '&gt;' : character
}

import type { OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import type { RenderContext } from './render-context.ts'
import { clip, plainId, sorted, type Told, type ToldAlert, tell } from './told.ts'

const mostSubject = 200
const mostId = 128

/** Subject, plain text and HTML. The Message-ID is made of the notification's id: mailers drop a repetition by it. */
export function mailMessage(
  receiver: Extract<Receiver, { kind: 'email' }>,
  notification: Notification,
  { say, externalUrl, source, nowMs }: RenderContext,
): OutgoingMessage {
  const told = tell(notification, say, receiver.language)
  const left = told.left(told.alerts.length)
  const foot = `${told.sentBy} · ${source}`
  return {
    kind: 'mail',
    smtp: receiver.smtp,
    mail: {
      from: receiver.from,
      to: receiver.to,
      subject: clip(told.heading, mostSubject),
      text: textOf(told, left, [foot, ...(externalUrl === null ? [] : [externalUrl])]),
      html: htmlOf(told, left, foot, externalUrl),
      messageId: `<${plainId(notification.id, mostId)}@${domainOf(receiver.from)}>`,
      sentAtMs: nowMs,
    },
  }
}

function textOf({ heading, alerts }: Told, left: string | null, foot: readonly string[]): string {
  const paragraphs = alerts.map(({ event, mark, title, text }) => {
    const facts = sorted(event.labels).map(([name, value]) => `  ${name}: ${value}`)
    return [`${mark} ${title}`, text, `  ${isoText(event.atMs)}`, ...facts].join('\n')
  })
  const parts = [...(alerts.length === 1 ? [] : [heading]), ...paragraphs, ...(left === null ? [] : [left])]
  // The line that mail programs know as the beginning of a signature: https://www.rfc-editor.org/rfc/rfc3676#section-4.3
  return `${parts.join('\n\n')}\n\n-- \n${foot.join('\n')}\n`
}

function htmlOf({ heading, alerts }: Told, left: string | null, foot: string, externalUrl: string | null): string {
  const link = externalUrl === null ? '' : `<br><a href="${escaped(externalUrl)}">${escaped(externalUrl)}</a>`
  return [
    '<!doctype html><html><head><meta charset="utf-8"></head>',
    '<body style="font-family:sans-serif;font-size:14px;color:#222">',
    alerts.length === 1 ? '' : `<h2 style="font-size:18px">${escaped(heading)}</h2>`,
    ...alerts.map(alertHtml),
    left === null ? '' : `<p>${escaped(left)}</p>`,
    `<p style="font-size:12px;color:#666">${escaped(foot)}${link}</p>`,
    '</body></html>',
  ].join('\n')
}

function alertHtml({ event, mark, title, text }: ToldAlert): string {
  const cell = 'style="padding:1px 12px 1px 0"'
  const rows = [['', isoText(event.atMs)] as const, ...sorted(event.labels)].map(
    ([name, value]) => `<tr><td ${cell}>${escaped(name)}</td><td ${cell}>${escaped(value)}</td></tr>`,
  )
  return [
    `<div style="border-left:4px solid ${colourOf(event)};padding:4px 12px;margin:12px 0">`,
    `<p style="margin:4px 0"><strong>${mark} ${escaped(title)}</strong></p>`,
    `<p style="margin:4px 0">${escaped(text).replaceAll('\n', '<br>')}</p>`,
    `<table style="font-size:12px;color:#666;border-collapse:collapse">${rows.join('')}</table>`,
    '</div>',
  ].join('')
}

function colourOf({ status, severity }: ToldAlert['event']): string {
  if (status === 'resolved') return '#2e7d32'
  return severity === 'critical' ? '#c62828' : severity === 'warning' ? '#ef6c00' : '#1565c0'
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** Of `Tollgate <alerts@example.com>` the part that stands after the last at sign. */
function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'tollgate.invalid'
}

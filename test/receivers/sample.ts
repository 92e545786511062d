import type { AlertEvent } from '#core/alerting/alert.ts'
import { notificationMessage } from '#core/alerting/message.ts'
import { type Notification, unlisted } from '#core/alerting/notification.ts'
import type { Language, Receiver, ReceiverKind } from '#core/alerting/receiver.ts'
import type { RenderContext } from '#reactions/receivers/render-context.ts'
import type { Say } from '#reactions/receivers/told.ts'

export const atMs = Date.UTC(2026, 2, 4, 5, 6, 7, 89)
export const nowMs = atMs + 1000

export function eventOf(more: Partial<AlertEvent> = {}): AlertEvent {
  return {
    id: 'evt_1',
    fingerprint: 'budget_threshold/engineering/month/2026-03/80',
    status: 'firing',
    type: 'budget_threshold',
    severity: 'warning',
    atMs,
    labels: { type: 'budget_threshold', severity: 'warning', budget: 'engineering', window: 'month', key: 'search' },
    facts: { spent_usd: '4012.50', limit_usd: '5000', percent: '80', resets_at: '2026-04-01T00:00:00+02:00' },
    ...more,
  }
}

/** @param truncated how many alerts that fire it does not list */
export function notificationOf(more: Partial<Notification> = {}, truncated = 0): Notification {
  const { firing = [eventOf()], resolved = [] } = more
  return {
    id: 'ntf_01JNF8Z4Q2',
    groupKey: 'grp_01JNF8Z4Q1',
    receiver: 'ops',
    status: firing.length > 0 ? 'firing' : 'resolved',
    atMs,
    repeated: false,
    groupLabels: { budget: 'engineering' },
    commonLabels: {},
    firing,
    resolved,
    firingCount: firing.length + truncated,
    resolvedCount: resolved.length,
    ...more,
  }
}

/** Two that fire and one that is over. */
export const storm = notificationOf(
  {
    id: 'ntf_01JNF8Z4Q3',
    firing: [
      eventOf({ id: 'evt_2', severity: 'critical', fingerprint: 'budget_threshold/engineering/month/2026-03/95' }),
      eventOf({
        id: 'evt_3',
        type: 'unpriced_model',
        severity: 'info',
        fingerprint: 'unpriced/x',
        labels: { model: 'x' },
      }),
    ],
    resolved: [
      eventOf({ id: 'evt_4', status: 'resolved', fingerprint: 'errors/openai', labels: { provider: 'openai' } }),
    ],
  },
  4,
)

type Words = (event: AlertEvent, language: Language) => string

/** The words around alerts are the real ones, those of each alert the test's. */
export function saying(title: Words, text: Words): Say {
  return (notification, language) => {
    const alerts = [...notification.firing, ...notification.resolved].map((event) => {
      return { event, title: title(event, language), text: text(event, language) }
    })
    const real = notificationMessage(notification, language)
    const only = alerts.length === 1 && unlisted(notification) === 0 ? alerts[0]?.title : undefined
    return { ...real, alerts, title: only ?? real.title }
  }
}

const usualTitle: Words = ({ type, status, labels }, language) =>
  `[${language}] ${type} ${status}: ${labels['budget'] ?? 'all'}`

export const usualText: Words = ({ facts }) =>
  `${facts['spent_usd'] ?? '?'} of ${facts['limit_usd'] ?? '?'} USD & <more>`

const say = saying(usualTitle, usualText)

export const context: RenderContext = {
  say,
  source: 'gateway-1.example.com',
  externalUrl: 'https://tollgate.example.com',
  nowMs,
}

export const routingKey = 'R0123456789abcdef0123456789ABCDE'
export const webhookSecrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'an-older-secret-of-thirty-two-chars']

/** A receiver of each kind at an address; kinds without an address ignore it. */
export function receiverOf(
  kind: ReceiverKind['kind'],
  url = 'https://receiver.example.com/hook/s3cret-path',
): Receiver {
  const base = { name: 'ops', language: 'en', sendResolved: true } as const
  switch (kind) {
    case 'pagerduty':
      return { ...base, kind, url, routingKey }
    case 'webhook':
      return { ...base, kind, url, secrets: webhookSecrets }
    case 'email':
      return mailReceiver(new URL(url).hostname, Number(new URL(url).port) || 587, 'none')
    case 'log':
      return { ...base, kind }
    default:
      return { ...base, kind, url }
  }
}

export function mailReceiver(
  host: string,
  port: number,
  security: 'tls' | 'starttls' | 'none',
  login: { readonly user: string; readonly password: string } | null = null,
): Extract<Receiver, { kind: 'email' }> {
  return {
    name: 'ops',
    language: 'en',
    sendResolved: true,
    kind: 'email',
    from: 'Tollgate <alerts@example.com>',
    to: ['duty@example.com', 'Finance <finance@example.org>'],
    smtp: { host, port, security, user: login?.user ?? null, password: login?.password ?? null },
  }
}

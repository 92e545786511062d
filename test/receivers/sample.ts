import type { AlertEvent } from '#core/alerting/alert.ts'
import type { Messages, Notification } from '#core/alerting/delivery.ts'
import type { Receiver, ReceiverKind } from '#core/alerting/receiver.ts'
import type { RenderContext } from '#reactions/receivers/render.ts'

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

export function notificationOf(more: Partial<Notification> = {}): Notification {
  return {
    id: 'ntf_01JNF8Z4Q2',
    receiver: 'ops',
    groupLabels: { budget: 'engineering' },
    firing: [eventOf()],
    resolved: [],
    truncated: 0,
    ...more,
  }
}

/** Two that fire and one that is over. */
export const storm = notificationOf({
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
  truncated: 4,
})

export const messages: Messages = {
  title: ({ type, status, labels }, language) => `[${language}] ${type} ${status}: ${labels['budget'] ?? 'all'}`,
  text: ({ facts }) => `${facts['spent_usd'] ?? '?'} of ${facts['limit_usd'] ?? '?'} USD & <more>`,
}

export const context: RenderContext = {
  messages,
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

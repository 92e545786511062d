import type { LookupFunction } from 'node:net'
import type { Deliverer, DeliveryAnswer, OutgoingMessage } from '#core/alerting/delivery.ts'
import type { Notification } from '#core/alerting/notification.ts'
import type { Receiver } from '#core/alerting/receiver.ts'
import type { Log } from '#lib/log.ts'
import { guardAddresses } from './addresses.ts'
import { censorFor } from './detail.ts'
import { type DeliveryLimits, openAgent, post } from './http.ts'
import { sendMail } from './mail.ts'

interface DelivererOptions {
  /** Makes a receiver's message of a notification: `renderMessage` of reactions. */
  render(receiver: Receiver, notification: Notification, nowMs: number): OutgoingMessage
  /** Whether URLs may lead to addresses that are not public. Mail servers may. */
  readonly allowPrivateUrls: boolean
  /** Takes what receivers of kind `log` are told; nothing else is written to it. */
  readonly log: Log
  readonly limits?: DeliveryLimits
  /** In place of the system's resolver. */
  readonly resolve?: LookupFunction
}

const usualLimits: DeliveryLimits = { connectTimeoutMs: 5_000, answerTimeoutMs: 10_000 }
const levels = { info: 'info', warning: 'warn', critical: 'error' } as const

/**
 * Delivers over HTTP and SMTP. Answers name no addresses, keys or passwords, also where a receiver repeats them. Private
 * addresses are refused when a connection is made, for the very address it is made to: a name that comes to mean
 * something else is of no use.
 */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const limits = options.limits ?? usualLimits
  const guard = guardAddresses(options.allowPrivateUrls, options.resolve)
  const agent = openAgent(guard, limits)
  return {
    async send(receiver, notification, nowMs) {
      const message = options.render(receiver, notification, nowMs)
      const censor = censorFor(receiver)
      switch (message.kind) {
        case 'http': {
          const context = { limits, censor, nowMs, retry: message.retry }
          return postAll(message.requests.map((request) => () => post(agent, request, context)))
        }
        case 'mail':
          return sendMail(message.smtp, message.mail, { limits, censor })
        case 'line':
          options.log[levels[message.severity]](message.fields, message.text)
          return { ok: true, status: null, detail: 'logged' }
      }
    },
    async close() {
      await agent.close()
    },
  }
}

/**
 * One after the other. A failure that may pass ends the attempt, since the rest would meet the same; a refusal does
 * not, since it is about the one message.
 */
async function postAll(posts: readonly (() => Promise<DeliveryAnswer>)[]): Promise<DeliveryAnswer> {
  let last: DeliveryAnswer = { ok: true, status: null, detail: 'nothing to send' }
  let refused: DeliveryAnswer | null = null
  for (const send of posts) {
    last = await send()
    if (last.ok) continue
    if (last.retryable) return last
    refused ??= last
  }
  return refused ?? last
}

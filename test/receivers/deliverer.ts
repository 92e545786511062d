import type { LookupFunction } from 'node:net'
import type { TestContext } from 'node:test'
import type { Deliverer } from '#core/alerting/delivery.ts'
import { createDeliverer } from '#edge/delivery/delivery.ts'
import { createLog } from '#lib/log.ts'
import { renderMessage } from '#reactions/receivers/render.ts'
import { context } from './sample.ts'

export interface TestDeliverer extends Deliverer {
  /** What was logged so far. */
  logged(): string
}

/** The real thing with the real renderers, which may reach this machine unless told otherwise. */
export function delivererFor(
  t: TestContext,
  options: {
    readonly allowPrivateUrls?: boolean
    readonly answerTimeoutMs?: number
    readonly connectTimeoutMs?: number
    readonly resolve?: LookupFunction
  } = {},
): TestDeliverer {
  let lines = ''
  const keep = (line: string) => {
    lines += line
  }
  const { connectTimeoutMs = 5_000, answerTimeoutMs = 10_000 } = options
  const deliverer = createDeliverer({
    render: (receiver, notification, nowMs) => renderMessage(receiver, notification, { ...context, nowMs }),
    allowPrivateUrls: options.allowPrivateUrls ?? true,
    log: createLog({ level: 'info', format: 'json', name: 'console' }, { write: keep }),
    limits: { connectTimeoutMs, answerTimeoutMs },
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
  })
  t.after(() => deliverer.close())
  return { ...deliverer, logged: () => lines }
}

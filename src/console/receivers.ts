import { z } from 'zod'
import { languages } from '#core/alerting/receiver.ts'
import { NothingThere } from './problems.ts'
import { resource } from './route.ts'

export const receivers = resource({
  method: 'GET',
  path: '/api/v1/receivers',
  summary: 'Who is told of alerts. Without addresses and keys, which are secrets',
  permission: 'admin',
  answer: z.object({
    data: z.array(
      z.object({
        name: z.string(),
        kind: z.string(),
        language: z.enum(languages),
        send_resolved: z.boolean(),
        waiting: z.int().describe('Messages that have not arrived yet'),
      }),
    ),
  }),
  async handle({ alerts }) {
    const known = await alerts.receivers()
    return {
      data: known.map(({ name, kind, language, sendResolved, waiting }) => {
        return { name, kind, language, send_resolved: sendResolved, waiting }
      }),
    }
  },
})

export const testReceiver = resource({
  method: 'POST',
  path: '/api/v1/receivers/{name}/test',
  summary: 'Sends a test message, once, and says what the receiver answered',
  permission: 'admin',
  answer: z.object({
    receiver: z.string(),
    ok: z.boolean(),
    status: z.int().nullable().describe('Of HTTP or SMTP; null where no answer came'),
    detail: z.string().describe('What the receiver answered, or why it did not'),
    duration_ms: z.number(),
  }),
  async handle({ alerts }, { params }) {
    const receiver = params['name'] ?? ''
    const answer = await alerts.test(receiver)
    if (answer === null) {
      const names = (await alerts.receivers()).map(({ name }) => name)
      const there = names.length === 0 ? 'No receiver is configured.' : `There are ${names.join(', ')}.`
      throw new NothingThere(`There is no receiver ${receiver.slice(0, 100)}. ${there}`)
    }
    const { ok, status, detail, durationMs } = answer
    return { receiver, ok, status, detail, duration_ms: Math.round(durationMs) }
  },
})

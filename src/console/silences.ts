import { z } from 'zod'
import type { Silence } from '#core/alerting/routing.ts'
import { isoText } from '#lib/iso-text.ts'
import { ParameterFault } from '#reports/fault.ts'
import { parseTime } from '#reports/times.ts'
import { NothingThere } from './problems.ts'
import { resource } from './route.ts'
import { time } from './schemas.ts'

const silenceSchema = z.object({
  id: z.string(),
  match: z
    .record(z.string(), z.array(z.string()))
    .describe('Label to values, of which one must hold; all labels must. * stands for any value but none'),
  starts_at: time,
  ends_at: time,
  created_by: z.string(),
  comment: z.string(),
})

export const silences = resource({
  method: 'GET',
  path: '/api/v1/silences',
  summary: 'Which alerts nobody is told of for a time',
  permission: 'admin',
  answer: z.object({ data: z.array(silenceSchema) }),
  async handle({ alerts }) {
    return { data: (await alerts.silences()).map(silenceJson) }
  },
})

const values = z.union([z.string(), z.array(z.string()).min(1)])

export const addSilence = resource({
  method: 'POST',
  path: '/api/v1/silences',
  summary: 'For a time nobody is told of alerts that match',
  permission: 'admin',
  body: z.object({
    match: z.record(z.string().min(1).max(64), values).describe('Label to one value or several'),
    starts_at: z.string().optional().describe('ISO 8601. Default: now'),
    ends_at: z.string().describe('ISO 8601'),
    created_by: z.string().max(200).default(''),
    comment: z.string().max(1000).default(''),
  }),
  answer: silenceSchema,
  async handle({ alerts, clock }, { body }) {
    const nowMs = clock.wallMs()
    const startsAtMs = body.starts_at === undefined ? nowMs : parseTime('starts_at', body.starts_at, 'UTC')
    const endsAtMs = parseTime('ends_at', body.ends_at, 'UTC')
    if (Object.keys(body.match).length === 0) {
      throw new ParameterFault('match', '{}', 'at least one label: {"type": ["*"]} stands for every alert')
    }
    if (endsAtMs <= Math.max(startsAtMs, nowMs)) {
      throw new ParameterFault('ends_at', body.ends_at, 'a time to come, after starts_at')
    }
    const match = Object.fromEntries(Object.entries(body.match).map(([name, value]) => [name, [value].flat()]))
    const { created_by: createdBy, comment } = body
    return silenceJson(await alerts.silence({ match, startsAtMs, endsAtMs, createdBy, comment }))
  },
})

export const endSilence = resource({
  method: 'DELETE',
  path: '/api/v1/silences/{id}',
  summary: 'Ends a silence now',
  permission: 'admin',
  answer: z.object({ id: z.string(), ended: z.literal(true) }),
  async handle({ alerts }, { params }) {
    const id = params['id'] ?? ''
    if (await alerts.endSilence(id)) return { id, ended: true }
    throw new NothingThere(`There is no silence ${id.slice(0, 100)} that has not ended.`)
  },
})

function silenceJson({ id, match, startsAtMs, endsAtMs, createdBy, comment }: Silence): object {
  return {
    id,
    match,
    starts_at: isoText(startsAtMs),
    ends_at: isoText(endsAtMs),
    created_by: createdBy,
    comment,
  }
}

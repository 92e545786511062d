import { z } from 'zod'
import { alertTypes, severities } from '#core/alerting/alert.ts'
import type { AlertCursor, AlertRecord, NotificationRecord } from '#core/alerting/outbox.ts'
import { type Language, languages } from '#core/alerting/receiver.ts'
import { isoText } from '#lib/iso-text.ts'
import { cursorText, readCursorText } from '#reports/cursor.ts'
import { ParameterFault } from '#reports/fault.ts'
import { parseDuration, parseTime } from '#reports/times.ts'
import { wholeNumber } from './parameters.ts'
import { NothingThere, NotPossible } from './problems.ts'
import { type AlertDesk, resource } from './route.ts'
import { time } from './schemas.ts'

const alertSchema = z
  .object({
    id: z.string(),
    fingerprint: z.string().describe('What it is about: a later alert with the same one is about the same'),
    status: z.enum(['firing', 'resolved']),
    type: z.enum(alertTypes),
    severity: z.enum(severities),
    started_at: time,
    resolved_at: time.nullable(),
    title: z.string(),
    message: z.string(),
    labels: z.record(z.string(), z.string()).describe('What routes, silences and inhibition match on'),
    facts: z.record(z.string(), z.string()).describe('Amounts in USD as exact decimal text'),
    told: z.boolean().describe('false: it was over before alerts were first configured, so nobody was told'),
    notifications: z.array(
      z.object({
        id: z.string().describe('The same at every attempt: receivers know a repetition by it'),
        receiver: z.string(),
        status: z.enum(['pending', 'delivered', 'failed']),
        made_at: time,
        next_try_at: time.nullable(),
        ended_at: time.nullable(),
        attempts: z.array(
          z.object({
            at: time,
            duration_ms: z.number(),
            ok: z.boolean(),
            status: z.int().nullable().describe('Of HTTP or SMTP; null where no answer came'),
            detail: z.string().describe('What the receiver answered, or why it did not'),
          }),
        ),
      }),
    ),
  })
  .meta({ description: 'Something that fired, what became of it, and who was told.' })

const language = z.enum(languages).default('en').meta({ description: 'Of the messages.' })

export const alerts = resource({
  method: 'GET',
  path: '/api/v1/alerts',
  summary: 'Alerts, newest first, each with who was told and what they answered',
  permission: 'admin',
  query: z.object({
    status: z.enum(['firing', 'resolved']).optional(),
    type: z
      .string()
      .optional()
      .meta({ description: `Any of these, by commas: ${alertTypes.join(', ')}.` }),
    severity: z
      .string()
      .optional()
      .meta({ description: `Any of these, by commas: ${severities.join(', ')}.` }),
    label: z.string().optional().meta({ description: 'All of these, by commas: department=search,model=gpt-4.1.' }),
    since: z.string().optional().meta({ description: 'A date, a time (ISO 8601), or so long ago: 24h, 7d, 4w.' }),
    limit: wholeNumber(1, 1000, 100),
    cursor: z.string().optional().meta({ description: '`next_cursor` of the page before.' }),
    language,
  }),
  answer: z.object({ data: z.array(alertSchema), next_cursor: z.string().nullable() }),
  async handle({ alerts: desk, clock }, { query }) {
    const found = await desk.alerts({
      state: query.status ?? null,
      types: words('type', query.type, alertTypes),
      severities: words('severity', query.severity, severities),
      labels: labelsOf(query.label),
      sinceMs: query.since === undefined ? null : sinceMs(query.since, clock.wallMs()),
      limit: query.limit + 1,
      after: query.cursor === undefined ? null : readCursor(query.cursor),
    })
    const page = found.slice(0, query.limit)
    const last = found.length > page.length ? page.at(-1) : undefined
    return {
      data: page.map((one) => alertJson(one, desk, query.language)),
      next_cursor: last === undefined ? null : cursorText([last.startedAtMs, last.id]),
    }
  },
})

export const alert = resource({
  method: 'GET',
  path: '/api/v1/alerts/{id}',
  summary: 'One alert',
  permission: 'admin',
  query: z.object({ language }),
  answer: alertSchema,
  async handle({ alerts: desk }, { params, query }) {
    return alertJson(await known(desk, params['id'] ?? ''), desk, query.language)
  },
})

export const replayAlert = resource({
  method: 'POST',
  path: '/api/v1/alerts/{id}/replay',
  summary: 'Tells an alert again to whoever was told, under the same ids',
  permission: 'admin',
  answer: z.object({ id: z.string(), notifications: z.int().describe('How many messages are sent again') }),
  async handle({ alerts: desk }, { params }) {
    const { id } = await known(desk, params['id'] ?? '')
    const notifications = await desk.replay(id)
    if (notifications === 0) throw new NotPossible('Nobody was told of it: no receiver, a silence or another alert.')
    return { id, notifications }
  },
})

async function known(desk: AlertDesk, id: string): Promise<AlertRecord> {
  const found = await desk.alert(id)
  if (found === null) throw new NothingThere(`There is no alert ${id.slice(0, 100)}. GET /api/v1/alerts lists them.`)
  return found
}

function alertJson(found: AlertRecord, desk: AlertDesk, spoken: Language): z.infer<typeof alertSchema> {
  const { title, text } = desk.words(found, spoken)
  return {
    id: found.id,
    fingerprint: found.fingerprint,
    status: found.state,
    type: found.type,
    severity: found.severity,
    started_at: isoText(found.startedAtMs),
    resolved_at: isoText(found.resolvedAtMs),
    title,
    message: text,
    labels: found.labels,
    facts: found.facts,
    told: found.told,
    notifications: found.notifications.map(notificationJson),
  }
}

function notificationJson(found: NotificationRecord): z.infer<typeof alertSchema>['notifications'][number] {
  return {
    id: found.id,
    receiver: found.receiver,
    status: found.state,
    made_at: isoText(found.madeAtMs),
    next_try_at: isoText(found.nextTryAtMs),
    ended_at: isoText(found.endedAtMs),
    attempts: found.attempts.map(({ startedAtMs, durationMs, ok, status, detail }) => {
      return { at: isoText(startedAtMs), duration_ms: durationMs, ok, status, detail }
    }),
  }
}

function words(parameter: string, text: string | undefined, known: readonly string[]): readonly string[] {
  const given = listOf(text)
  const unknown = given.find((word) => !known.includes(word))
  if (unknown !== undefined) throw new ParameterFault(parameter, unknown, `any of ${known.join(', ')}`)
  return given
}

function labelsOf(text: string | undefined): readonly (readonly [string, string])[] {
  return listOf(text).map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new ParameterFault('label', pair, 'name=value')
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  })
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').map((word) => word.trim())
}

function sinceMs(text: string, nowMs: number): number {
  return /^\d+[a-z]$/.test(text.trim()) ? nowMs - parseDuration('since', text) : parseTime('since', text, 'UTC')
}

function readCursor(text: string): AlertCursor {
  const place = readCursorText(text)
  if (Array.isArray(place) && typeof place[0] === 'number' && typeof place[1] === 'string') {
    return { atMs: place[0], id: place[1] }
  }
  throw new ParameterFault('cursor', text, 'next_cursor of an earlier answer')
}

import { z } from 'zod'
import { resource } from './route.ts'

/** Of this process; to the world the gateway answers for itself, see `gatewayPaths`. */
export const health = resource({
  method: 'GET',
  path: '/health',
  summary: 'Whether the console lives',
  permission: 'open',
  answer: z.object({ status: z.literal('healthy'), version: z.string() }),
  async handle({ version }) {
    return { status: 'healthy', version }
  },
})

export const ingest = resource({
  method: 'GET',
  path: '/api/v1/ingest',
  summary: 'Whether the journal is brought into the store, and how far that has come',
  permission: 'admin',
  answer: z.object({
    status: z.enum(['following', 'stopped']).describe('stopped: the journal waits, and reports show what came before'),
    lag_records: z
      .int()
      .describe(
        'Settled calls in the journal that are not in the store yet; of a large backlog, at first those counted so far',
      ),
    lag_seconds: z.number().describe('For how long the oldest of them has been waiting; 0 where none is'),
    rows: z.int().describe('Records brought in since the console started'),
    quarantined: z.int().describe('Entries that cannot be records; they are in ingest/quarantine.jsonl'),
    fault: z.string().nullable().describe('What keeps it from going on; it is tried again'),
  }),
  async handle({ ingest }) {
    const { records, ageMs } = await ingest.lag()
    const { rows, quarantined, fault } = ingest.state()
    const status = fault === null ? 'following' : 'stopped'
    return { status, lag_records: records, lag_seconds: ageMs / 1000, rows, quarantined, fault }
  },
})

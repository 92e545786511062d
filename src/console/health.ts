import { z } from 'zod'
import { resource } from './route.ts'

const none = z.object({})

export const health = resource({
  method: 'GET',
  path: '/health',
  summary: 'Whether the console lives',
  permission: 'open',
  query: none,
  filters: 'none',
  body: null,
  answer: z.object({ status: z.literal('healthy'), version: z.string() }),
  async handle({ version }) {
    return { status: 'healthy', version }
  },
})

export const ready = resource({
  method: 'GET',
  path: '/ready',
  summary: 'Whether reports show what happens now, and how far ingesting has come',
  permission: 'open',
  query: none,
  filters: 'none',
  body: null,
  answer: z.object({
    status: z.enum(['ready', 'behind']),
    rows: z.int(),
    quarantined: z.int(),
    fault: z.string().nullable(),
  }),
  async handle({ ingest }) {
    const { rows, quarantined, fault } = ingest.state()
    return { status: fault === null ? 'ready' : 'behind', rows, quarantined, fault }
  },
})

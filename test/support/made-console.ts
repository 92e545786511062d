import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { type ConsoleOptions, createConsole } from '#console/app.ts'
import type { AlertDesk, BudgetBoard, IngestProgress } from '#console/route.ts'
import { systemClock, systemTimers } from '#edge/system.ts'

const unused = () => Promise.reject(new Error('not asked'))

const unusedDesk: AlertDesk = {
  alerts: unused,
  alert: unused,
  words: () => ({ title: '', text: '' }),
  replay: unused,
  receivers: unused,
  test: unused,
  silences: unused,
  silence: unused,
  endSilence: unused,
}

const noBudgets: BudgetBoard = {
  configured: () => [],
  states: async () => ({ limits: [], pending: [], unreadable: null }),
}

/** Of a store that has everything. */
export const caughtUp: IngestProgress = {
  caughtUp: async () => undefined,
  state: () => ({ rows: 0, quarantined: 0, fault: null }),
  lag: async () => ({ records: 0, ageMs: 0 }),
}

/** A console in this process that needs no token: of its parts those that a test is about, the others are not asked. */
export function madeConsole(parts: Partial<ConsoleOptions>): FastifyInstance {
  return createConsole({
    store: { sums: unused, records: unused, booked: unused },
    ingest: caughtUp,
    alerts: unusedDesk,
    budgets: noBudgets,
    clock: systemClock,
    timers: systemTimers,
    version: '0.0.0',
    access: null,
    onFault: (error) => assert.fail(String(error)),
    ...parts,
  })
}

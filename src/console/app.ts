import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Timers } from '#ports.ts'
import { alert, alerts, replayAlert } from './alerts.ts'
import { budget, budgetStatus, budgets } from './budgets.ts'
import { costReports } from './cost-reports.ts'
import { dashboardCostsCall } from './dashboard-costs.ts'
import { health, ingest } from './health.ts'
import { logQueries } from './log-queries.ts'
import { openapiDocument } from './openapi.ts'
import { parseBody, parseQuery, type RawQuery } from './parameters.ts'
import {
  adminOnly,
  anthropicError,
  googleError,
  noSuchCall,
  notChanged,
  openaiError,
  type Problem,
  problemDocument,
  problemOf,
  unauthenticated,
} from './problems.ts'
import { receivers, testReceiver } from './receivers.ts'
import type { Access, Asker, ConsoleParts, Resource } from './route.ts'
import { addSilence, endSilence, silences } from './silences.ts'
import { usage } from './usage.ts'

const resources: readonly Resource[] = [
  ...[usage, costReports, dashboardCostsCall, logQueries, ingest],
  ...[alerts, alert, replayAlert, receivers, testReceiver, silences, addSilence, endSilence],
  ...[budgets, budget, budgetStatus],
]

export interface ConsoleOptions extends ConsoleParts {
  /** Who a secret belongs to; null = everyone who can reach this address is trusted with everything. */
  readonly access: Access | null
  readonly timers: Timers
  readonly onFault: (error: unknown) => void
}

/** How long a question that must be fresh waits for the ingester. */
const freshWithinMs = 5_000
/** Others are answered with what had ended so long ago, and wait less where the store is not that far. */
const recentMs = 300
const recentWithinMs = 1_000

/** The API. Listening is the caller's business. */
export function createConsole(options: ConsoleOptions): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: 1_048_576, forceCloseConnections: 'idle' })
  app.setNotFoundHandler((request, reply) => answerProblem(request, reply, missing(request)))
  app.setErrorHandler((error, request, reply) => {
    // Where there is nothing, what is wrong with the body does not matter.
    const found = request.is404 ? missing(request) : problemOf(error)
    if (found.status >= 500) options.onFault(error)
    return answerProblem(request, reply, found)
  })
  const document = openapiDocument(resources, options.version)
  app.get('/api/v1/openapi.json', async () => document)
  for (const each of [...resources, health]) {
    app.route({
      method: each.method,
      url: each.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => serve(each, options, request, reply),
    })
  }
  return app
}

async function serve(
  asked: Resource,
  options: ConsoleOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asker = await askerOf(asked, options.access, request)
  if (asker === null) return answerProblem(request, reply.header('www-authenticate', 'Bearer'), unauthenticated)
  if (asked.permission === 'admin' && asker.kind !== 'admin') return answerProblem(request, reply, adminOnly)
  const { values, filters } = parseQuery(asked.query, request.query as RawQuery, asked.filters)
  const body = asked.body === null ? {} : parseBody(asked.body, request.body)
  if (values['fresh'] === 'true') {
    reply.header('x-tollgate-fresh', String(await caughtUpWithin(options, { agoMs: 0, withinMs: freshWithinMs })))
  } else if ('fresh' in asked.query.shape && options.ingest.state().fault === null) {
    await caughtUpWithin(options, { agoMs: recentMs, withinMs: recentWithinMs })
  }
  const answer = await asked.handle(options, {
    params: request.params as Record<string, string>,
    query: values,
    filters,
    body,
    asker,
  })
  return reply.send(answer)
}

async function askerOf(asked: Resource, access: Access | null, request: FastifyRequest): Promise<Asker | null> {
  if (access === null || asked.permission === 'open') return { kind: 'admin' }
  const secret = secretOf(request)
  return secret === null ? null : await access(secret)
}

function secretOf({ headers }: FastifyRequest): string | null {
  const [, bearer] = /^Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '') ?? []
  const other = headers['x-api-key']
  return bearer ?? (typeof other === 'string' && other !== '' ? other : null)
}

/** False where the ingester did not get there in time: the answer then shows what there is. */
function caughtUpWithin(
  { ingest, timers }: ConsoleOptions,
  { agoMs, withinMs }: { readonly agoMs: number; readonly withinMs: number },
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.after(withinMs, () => resolve(false))
    const done = (fresh: boolean) => {
      timer.cancel()
      resolve(fresh)
    }
    ingest.caughtUp(agoMs).then(
      () => done(true),
      // The store itself cannot be reached: the question that follows says so.
      () => done(false),
    )
  })
}

/** What is said where no call of the API is meant. */
function missing(request: FastifyRequest): Problem {
  const [method, path] = [request.method, pathOf(request)]
  const there = resources.find(({ path: pattern }) => pathPattern(pattern).test(path))
  return there?.readOnly === undefined ? noSuchCall(method, path) : notChanged(there.readOnly)
}

function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)
}

function answerProblem(request: FastifyRequest, reply: FastifyReply, found: Problem): FastifyReply {
  reply.status(found.status)
  if (found.status === 405) reply.header('allow', 'GET, HEAD')
  const path = pathOf(request)
  if (isGoogles(request, path)) return reply.send(googleError(found))
  if (path.startsWith('/v1/') && request.headers['anthropic-version'] !== undefined)
    return reply.send(anthropicError(found))
  if (path.startsWith('/v1/')) return reply.send(openaiError(found))
  return reply.type('application/problem+json').send(problemDocument(found))
}

/** Its SDK sends its key everywhere, and some paths are nobody else's. */
function isGoogles({ headers }: FastifyRequest, path: string): boolean {
  if (/^\/(?:upload\/)?v1(?:alpha|beta)\//.test(path)) return true
  return headers['x-goog-api-key'] !== undefined && /^\/(?:upload\/)?v1\//.test(path)
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url
}

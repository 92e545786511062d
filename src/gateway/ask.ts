import { BodyFault } from '#ports.ts'
import type { EndpointMatch } from '#providers/endpoints.ts'
import type { RequestFacts } from '#providers/requests/facts.ts'
import { readRequest } from '#providers/requests/read-request.ts'
import type { Arrival } from './arrival.ts'
import { type Refusal, refused } from './refusal.ts'
import type { Road } from './road.ts'

/** What the caller wants, read but not changed. */
export interface Ask {
  readonly kind: 'ask'
  /** Null where the body is not read here but passed on as it arrives. */
  readonly body: Buffer | null
  readonly facts: RequestFacts
}

export async function readAsk(road: Road, { exchange, match }: Arrival): Promise<Ask | Refusal> {
  if (match.body === 'opaque') return { kind: 'ask', body: null, facts: emptyFacts(match) }
  if (match.body === 'none') return { kind: 'ask', body: noBody, facts: emptyFacts(match) }
  try {
    const body = await exchange.readBody(road.requestBodyBytes)
    const { 'content-type': contentType, 'content-encoding': contentEncoding } = exchange.headers
    const read = readRequest({ match, contentType: text(contentType), contentEncoding: text(contentEncoding), body })
    if (read.kind === 'refused') return refused(read.code, read.message, read.param)
    return { kind: 'ask', body, facts: read.facts }
  } catch (fault) {
    if (!(fault instanceof BodyFault)) throw fault
    return refused(fault.code === 'client_gone' ? 'client_left' : fault.code, fault.message)
  }
}

function text(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}

const noBody: Buffer = Buffer.alloc(0)

function emptyFacts({ dialect, modelInPath, streamInPath }: EndpointMatch): RequestFacts {
  return {
    dialect,
    model: modelInPath,
    stream: streamInPath,
    outputLimitTokens: null,
    includeUsage: 'n/a',
    background: false,
    metadata: null,
    anthropicUserId: null,
    choices: 1,
    inputChars: 0,
    hasMediaInput: false,
    boundary: null,
  }
}

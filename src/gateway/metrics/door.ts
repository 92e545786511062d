import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { acceptsCoding, mediaTypeWeights } from '#lib/accept.ts'
import { isLoopback } from '#lib/private-address.ts'
import type { ClientExchange } from '#ports.ts'
import { contentTypeOf, type ExpositionFormat } from './exposition.ts'

export const metricsPath = '/metrics'

interface MetricsAccess {
  /** Everybody may read, wherever from. */
  readonly public: boolean
  /** Whether a token may read: one of role scraper, or an admin token. */
  readonly admits: (token: string) => boolean
}

interface MetricsDoorParts {
  readonly render: (format: ExpositionFormat) => Promise<string>
  readonly access: () => MetricsAccess
  readonly onFault: (error: unknown) => void
}

/** Answers `/metrics` on whatever address it came in by. */
export interface MetricsDoor {
  /** `host`: the address that is listened on. Never throws. */
  take(exchange: ClientExchange, host: string): void
}

const compress = promisify(gzip)

/** Smaller ones are hardly worth it. */
const leastBytesToCompress = 1_400

export function createMetricsDoor({ render, access, onFault }: MetricsDoorParts): MetricsDoor {
  const answer = async (exchange: ClientExchange): Promise<void> => {
    const { accept, 'accept-encoding': encodings } = exchange.headers
    const format = formatOf(text(accept))
    const plain = Buffer.from(await render(format))
    const headers = ['content-type', contentTypeOf(format), 'vary', 'accept, accept-encoding']
    const zipped = plain.length >= leastBytesToCompress && acceptsCoding(text(encodings), 'gzip')
    const body = zipped ? await compress(plain, { level: 1 }) : plain
    if (!exchange.gone) exchange.answer(200, zipped ? [...headers, 'content-encoding', 'gzip'] : headers, body)
  }
  return {
    take(exchange, host) {
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
        const detail = `${metricsPath} takes GET or HEAD, not ${exchange.method}.`
        return refuse(exchange, 405, { detail, code: 'method_not_allowed', headers: ['allow', 'GET, HEAD'] })
      }
      if (!mayRead(exchange, host, access())) {
        const detail =
          'Send a token of role scraper as "Authorization: Bearer <token>": tollgate tokens create --role scraper --name prometheus.'
        return refuse(exchange, 401, {
          detail,
          code: 'scraper_token_required',
          headers: ['www-authenticate', 'Bearer'],
        })
      }
      answer(exchange).catch((error: unknown) => {
        onFault(error)
        if (!exchange.gone && !exchange.started)
          refuse(exchange, 500, { detail: 'The log says why.', code: 'internal_error', headers: [] })
      })
    },
  }
}

/** Headers that a proxy adds. They open nothing, since anybody can send them; they only close. */
const forwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const

/**
 * On a loopback address whoever asks is on this machine, unless a proxy on it passes on what comes from outside: it says
 * so in a header, and then a token is needed as anywhere else.
 */
function mayRead({ headers }: ClientExchange, host: string, access: MetricsAccess): boolean {
  if (access.public) return true
  if (isLoopback(host) && forwarded.every((name) => headers[name] === undefined)) return true
  const token = /^bearer +(\S+)$/i.exec(text(headers['authorization']) ?? '')?.[1]
  return token !== undefined && access.admits(token)
}

const openMetrics = { name: 'application/openmetrics-text', parameters: { version: '1.0.0' } }
const plainText = { name: 'text/plain', parameters: { version: '0.0.4' } }

/** OpenMetrics only for who names it: text is what every scraper reads. */
function formatOf(accept: string | undefined): ExpositionFormat {
  if (accept === undefined || !accept.toLowerCase().includes('openmetrics')) return 'text'
  const [wanted = 0, plain = 0] = mediaTypeWeights(accept, [openMetrics, plainText])
  return wanted > 0 && wanted >= plain ? 'openmetrics' : 'text'
}

function text(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ')
}

interface Why {
  readonly code: string
  readonly detail: string
  readonly headers: readonly string[]
}

/** As a problem document (RFC 9457). */
function refuse(exchange: ClientExchange, status: number, { code, detail, headers }: Why): void {
  const title = status === 401 ? 'Not authenticated' : status === 405 ? 'Method not allowed' : 'Internal error'
  const body = Buffer.from(JSON.stringify({ type: 'about:blank', title, status, detail, code }))
  exchange.answer(status, ['content-type', 'application/problem+json', ...headers], body)
}

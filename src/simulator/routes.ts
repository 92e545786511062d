import type { Answer } from './answer.ts'
import type { Call } from './call.ts'
import { chatCompletion } from './openai-chat.ts'
import type { Dialect } from './refusal.ts'

export interface Route {
  /** As the bill names it. */
  readonly api: string
  readonly dialect: Dialect
  /** Pure but for the world's memory. @throws Refusal */
  readonly answer: (call: Call) => Answer
  /** True where the answer leaves nothing behind and may be remembered. */
  readonly memo?: true
}

export interface Found {
  readonly route: Route
  readonly params: readonly string[]
}

interface Row extends Route {
  readonly method: string
  /** Below the version; `*` catches one segment. */
  readonly path: string
}

const openaiRows: readonly Row[] = [
  {
    method: 'POST',
    path: '/chat/completions',
    api: 'chat.completions',
    dialect: 'openai',
    answer: chatCompletion,
    memo: true,
  },
]

const openaiPrefixes = ['/v1', '/openai/v1', '/v1beta/openai', '']

const exact = new Map<string, Found>()
const patterns: { readonly method: string; readonly pattern: RegExp; readonly route: Route }[] = []

function add(row: Row, prefixes: readonly string[]): void {
  for (const prefix of prefixes) {
    if (!row.path.includes('*')) {
      exact.set(`${row.method} ${prefix}${row.path}`, { route: row, params: [] })
      continue
    }
    const source = `${prefix}${row.path}`.replaceAll('.', '\\.').replaceAll('*', '([^/]+)')
    patterns.push({ method: row.method, pattern: new RegExp(`^${source}$`), route: row })
  }
}

for (const row of openaiRows) add(row, openaiPrefixes)

/** What answers this request, or null. */
export function findRoute(method: string, path: string): Found | null {
  const found = exact.get(`${method} ${path}`)
  if (found) return found
  for (const { method: expected, pattern, route } of patterns) {
    if (expected !== method) continue
    const match = pattern.exec(path)
    if (match) return { route, params: match.slice(1).map(decodeURIComponent) }
  }
  return null
}

/** Whose error shape a request gets that no route answers. */
export function dialectOf(path: string, isAnthropic: boolean): Dialect {
  if (isAnthropic || path.startsWith('/v1/messages')) return 'anthropic'
  return path.startsWith('/v1beta/') && !path.startsWith('/v1beta/openai') ? 'google' : 'openai'
}

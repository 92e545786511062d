import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { Session } from 'chdb'

/*
 * ClickHouse's HTTP interface before the embedded engine, as a process of its own: as much of it as a client uses. It
 * follows https://clickhouse.com/docs/interfaces/http and the server's HTTPHandler, not our client: what it does not
 * know it refuses, so that nothing passes here that a server would not take.
 *
 * Arguments: the directory of the engine, the port (0 = any), the user, the password.
 */
const [directory = '', port = '0', user = 'default', password = ''] = process.argv.slice(2)

/** Keeps the engine open; each request has a connection of its own, as its settings are its own. */
const engine = new Session(directory)
const running = new Set<string>()

const server = createServer((request, response) => {
  void answer(request, response)
})
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('disconnect', () => process.exit(0))
process.once('message', () => {
  server.close(() => {
    engine.close()
    process.exit(0)
  })
  server.closeAllConnections()
})

/** An error as the engine says it: `Code: 81. DB::Exception: … (UNKNOWN_DATABASE)`. */
class Refusal extends Error {
  readonly code: number

  constructor(code: number, text: string, name: string) {
    super(`Code: ${code}. DB::Exception: ${text} (${name}) (version 26.1.0.1)\n`)
    this.code = code
  }
}

interface Statement {
  readonly id: string
  readonly sql: string
  readonly parameters: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
  readonly database: string
  /** Rows in a format that the statement names; null where the statement itself came in the body. */
  readonly rows: Buffer | null
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server')
  const body = await bodyOf(request).catch((error: unknown) => error)
  // Cut off on its way: what has arrived is not executed.
  if (!request.complete) return
  response.setHeader('X-ClickHouse-Server-Display-Name', 'test')
  try {
    if (url.pathname === '/ping') return void response.end('Ok.\n')
    if (url.pathname !== '/') {
      response.statusCode = 404
      return void response.end(`There is no handle ${url.pathname}\n`)
    }
    if (!Buffer.isBuffer(body)) throw new Refusal(354, `inflate failed: ${String(body)}`, 'ZLIB_INFLATE_FAILED')
    authenticate(url.searchParams, request.headers)
    const statement = readStatement(url.searchParams, body)
    response.setHeader('X-ClickHouse-Query-Id', statement.id)
    response.setHeader('X-ClickHouse-Timezone', 'UTC')
    const { bytes, rowsRead, bytesRead } = await run(statement)
    const summary = { read_rows: String(rowsRead), read_bytes: String(bytesRead), written_rows: '0' }
    response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary))
    await send(response, bytes, compressed(statement, request.headers))
  } catch (error) {
    fail(response, error)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const body = await buffer(request)
  return request.headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(body) : body
}

/** Without a word from the client it is the user `default` with an empty password. */
function authenticate(query: URLSearchParams, headers: IncomingHttpHeaders): void {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  const [name = '', ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  const shown = basic === '' ? [query.get('user') ?? 'default', query.get('password') ?? ''] : [name, secret.join(':')]
  if (shown[0] === user && shown[1] === password) return
  const why = 'Authentication failed: password is incorrect, or there is no user with such name.'
  throw new Refusal(516, `${shown[0]}: ${why}`, 'AUTHENTICATION_FAILED')
}

/** Parameters of the address that are not settings. */
const ownParameters = new Set(['query', 'query_id', 'database', 'user', 'password', 'session_id', 'role'])
/** Settings of the HTTP interface, which the embedded engine has not. */
const httpSettings = new Set(['enable_http_compression', 'wait_end_of_query', 'send_progress_in_http_headers'])

function readStatement(query: URLSearchParams, body: Buffer): Statement {
  for (const name of ['session_id', 'role']) {
    if (query.has(name)) throw new Refusal(48, `${name} is not implemented here`, 'NOT_IMPLEMENTED')
  }
  const parameters: Record<string, string> = {}
  const settings: Record<string, string> = {}
  for (const [name, value] of query) {
    if (name.startsWith('param_')) parameters[name.slice('param_'.length)] = unescaped(value)
    else if (!ownParameters.has(name)) settings[name] = value
  }
  const asked = query.get('query')
  return {
    id: query.get('query_id') || randomUUID(),
    sql: asked ?? body.toString('utf8'),
    parameters,
    settings,
    database: query.get('database') || 'default',
    rows: asked === null ? null : body,
  }
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', '0': '\0' }

/** Values of parameters come escaped as in TabSeparated. */
function unescaped(value: string): string {
  return value.replace(/\\(.)/gs, (_, sign: string) => escapes[sign] ?? sign)
}

async function run(statement: Statement): Promise<{ bytes: Uint8Array; rowsRead: number; bytesRead: number }> {
  const { id, settings, database, parameters } = statement
  if (running.has(id)) {
    throw new Refusal(216, `Query with id = ${id} is already running.`, 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING')
  }
  running.add(id)
  const connection = new Session(directory)
  const file = `${directory}.${randomUUID()}.rows`
  try {
    for (const [name, value] of Object.entries(settings)) {
      if (!httpSettings.has(name)) await connection.queryAsync(`SET ${name} = '${value}'`)
    }
    await connection.queryAsync(`USE \`${database}\``)
    if (statement.rows !== null && statement.rows.length > 0) writeFileSync(file, statement.rows)
    const sql = statement.rows?.length ? insertFrom(statement.sql, file) : statement.sql
    const result = await connection.queryBindAsync(sql, parameters, { format: 'TabSeparated' })
    return { bytes: result.bytes(), rowsRead: result.rowsRead, bytesRead: result.bytesRead }
  } finally {
    connection.close()
    running.delete(id)
    rmSync(file, { force: true })
  }
}

/** The engine takes rows from a file where a server takes them from the body. */
function insertFrom(sql: string, file: string): string {
  const parts = /^(INSERT INTO .+?\))\s+(SETTINGS .+?\s+)?FORMAT\s+(\w+)\s*$/s.exec(sql)
  if (parts === null) throw new Refusal(62, 'Syntax error: rows came with a statement that takes none', 'SYNTAX_ERROR')
  return `${parts[1]} FROM INFILE '${file}' ${parts[2] ?? ''}FORMAT ${parts[3]}`
}

function compressed({ settings }: Statement, headers: IncomingHttpHeaders): boolean {
  return settings['enable_http_compression'] === '1' && /\bgzip\b/.test(String(headers['accept-encoding']))
}

async function send(response: ServerResponse, bytes: Uint8Array, asGzip: boolean): Promise<void> {
  if (asGzip) response.setHeader('Content-Encoding', 'gzip')
  response.end(asGzip ? await promisify(gzip)(bytes) : bytes)
}

/** As the server's own table has it; what stands in none is 500. */
const statuses: readonly { readonly codes: readonly number[]; readonly status: number }[] = [
  { codes: [194], status: 401 },
  { codes: [192, 193, 291, 497, 516], status: 403 },
  { codes: [16, 47, 60, 81], status: 404 },
  { codes: [6, 27, 38, 41, 46, 53, 62, 69, 72, 115], status: 400 },
  { codes: [48], status: 501 },
]

function fail(response: ServerResponse, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Refusal ? error.code : Number(/^Code: (\d+)/.exec(text)?.[1] ?? 1002)
  response.statusCode = statuses.find(({ codes }) => codes.includes(code))?.status ?? 500
  response.setHeader('X-ClickHouse-Exception-Code', String(code))
  response.end(text.endsWith('\n') ? text : `${text}\n`)
}

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { Client } from 'undici'
import type { UpstreamPool } from '#edge/upstream.ts'
import { answers } from './made-answers.ts'
import { openPool, startWire, type Wire, whatCame } from './wire.ts'

/*
 * Another client, in wide use, reads the same bytes from the same server: who reads an answer otherwise than others do can
 * be made to take one answer for another.
 */
let wire: Wire
let pool: UpstreamPool
let says = ''

before(async () => {
  wire = await startWire(undefined, ({ socket }) => {
    socket.once('data', () => {
      socket.end(says, 'latin1')
    })
  })
  pool = openPool(wire.url)
})
after(async () => {
  await pool.destroy()
  await wire.close()
})

interface Read {
  readonly status: number
  readonly headers: object
  readonly body: string
}

async function byUs(method = 'GET'): Promise<Read | string> {
  const came = await whatCame(pool.send({ method, path: '/', headers: [], body: null }))
  return came.code === 'none' ? { status: came.status, headers: trimmed(came.headers), body: came.body } : came.code
}

async function byUndici(method = 'GET'): Promise<Read | string> {
  const client = new Client(wire.url, { allowH2: false, maxHeaderSize: 65_536 })
  try {
    const { statusCode, headers, body } = await client.request({ method: method as 'GET', path: '/' })
    const read = Buffer.from(await body.arrayBuffer()).toString('latin1')
    return { status: statusCode, headers: trimmed(headers), body: read }
  } catch {
    return 'fails'
  } finally {
    await client.destroy()
  }
}

/** undici leaves the white space behind a value. */
function trimmed(headers: Readonly<Record<string, string | string[] | undefined>>): object {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    [value ?? []].flat().map((text) => text.replace(/[ \t]+$/, '')),
  ])
  return Object.fromEntries(entries)
}

const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

const alike: readonly (readonly [name: string, answer: string, method?: string])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc'],
  ['chunks, extensions and trailers', `${chunked}3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n`],
  ['neither', 'HTTP/1.1 200 OK\r\n\r\nabc'],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['a length to HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n', 'HEAD'],
  ['bytes beyond its end', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabcdef'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nabc'],
  ['identity', 'HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nabc'],
  ['repeated headers', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: a\r\nX: b\r\nset-cookie: c\r\nx: d\r\n\r\n'],
  ['early hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na'],
  ['an empty value and one beyond ASCII', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx:\r\ny:  \xe4\xa0 \r\n\r\n'],
  ['no reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'],
]
for (const [name, answer, method] of alike) {
  test(`an answer with ${name} is read alike`, async () => {
    says = answer
    const read = await byUs(method)
    assert.equal(typeof read, 'object', `refused: ${read}`)
    assert.deepEqual(read, await byUndici(method))
  })
}

const refused: readonly (readonly [name: string, answer: string, code?: 'reset'])[] = [
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks and a length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n'],
  ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc'],
  ['a huge length', 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nabc'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: 3a\r\n\r\nabc'],
  ['an empty length', 'HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\nabc'],
  ['chunk sizes that are none', `${chunked}zz\r\nabc\r\n0\r\n\r\n`],
  ['a negative chunk size', `${chunked}-3\r\nabc\r\n0\r\n\r\n`],
  ['a huge chunk size', `${chunked}fffffffffffffffff\r\nabc`],
  ['a chunk longer than said', `${chunked}2\r\nabc\r\n0\r\n\r\n`],
  ['bare line feeds in its head', 'HTTP/1.1 200 OK\ncontent-length: 3\n\nabc'],
  ['bare line feeds behind a header', 'HTTP/1.1 200 OK\r\nx: y\ncontent-length: 3\r\n\r\nabc'],
  ['bare line feeds behind a chunk', `${chunked}3\r\nabc\n0\r\n\r\n`],
  ['bare line feeds behind a size', `${chunked}3\nabc\r\n0\r\n\r\n`],
  ['a bare carriage return', 'HTTP/1.1 200 OK\r\nx: y\rz: a\r\ncontent-length: 3\r\n\r\nabc'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nx\r\ncontent-length: 3\r\n\r\nabc'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\ncontent-length : 3\r\n\r\nabc'],
  ['a zero byte', 'HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 3\r\n\r\nabc'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 3\r\n\r\nabc'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'],
  ['nothing', '', 'reset'],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-', 'reset'],
  ['a head that is never followed', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'reset'],
  ['too short a body', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc', 'reset'],
  ['half a chunk', `${chunked}5\r\nabc`, 'reset'],
  ['no last chunk', `${chunked}3\r\nabc\r\n`, 'reset'],
  ['half a last chunk', `${chunked}3\r\nabc\r\n0\r\n`, 'reset'],
]
for (const [name, answer, code = 'bad_answer'] of refused) {
  test(`an answer with ${name} is refused by both`, async () => {
    says = answer
    assert.equal(await byUs(), code)
    assert.equal(await byUndici(), 'fails')
  })
}

const stricter: readonly (readonly [name: string, answer: string])[] = [
  ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['an empty line before it', '\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc'],
  ['another version', 'HTTP/2.0 200 OK\r\ncontent-length: 3\r\n\r\nabc'],
]
for (const [name, answer] of stricter) {
  test(`an answer with ${name} is refused here, though undici reads it`, async () => {
    says = answer
    assert.equal(await byUs(), 'bad_answer')
    assert.equal(typeof (await byUndici()), 'object')
  })
}

test('100 Continue is passed over, at which undici gives up', async () => {
  says = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc'
  assert.deepEqual(await byUs(), { status: 200, headers: { 'content-length': ['3'] }, body: 'abc' })
  assert.equal(await byUndici(), 'fails')
})

test('of whole answers and of spoiled ones, undici reads what we read', async () => {
  const spoiled = fc.record({ at: fc.nat(), code: fc.constantFrom(0, 9, 10, 13, 32, 45, 48, 58, 65, 255) })
  const cut = fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat() })
  let read = 0
  await fc.assert(
    fc.asyncProperty(answers, fc.array(spoiled, { maxLength: 2 }), cut, async (made, faults, end) => {
      // What is said of a chunk has a grammar of its own, to which we hold nobody.
      const bytes = Buffer.from(made.text.replaceAll(/;a="b c"/g, ''), 'latin1')
      for (const { at, code } of faults) bytes[at % bytes.length] = code
      says = bytes.toString('latin1', 0, end === null ? bytes.length : end % bytes.length)
      const ours = await byUs()
      if (typeof ours === 'string' || /HTTP\/1\.[01] 100/.test(says)) return
      read++
      assert.deepEqual(ours, await byUndici())
    }),
    { numRuns: 400 },
  )
  assert.ok(read > 50, `only ${read} were read at all`)
})

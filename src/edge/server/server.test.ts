import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { ClientExchange } from '#ports.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

type Handler = (exchange: ClientExchange) => void

async function serve(t: TestContext, onExchange: Handler, more: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, writeTimeoutMs: 60_000, connections: 1_000 },
    ...{ onExchange, knows: () => true, onNotLetIn: () => {} },
    ...more,
  })
  t.after(() => {
    void server.close()
    server.destroy()
  })
  return server
}

async function open(server: RunningServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Answers with what was asked. */
const echo: Handler = async (exchange) => {
  const body = await exchange.readBody(1_000_000)
  const said = Buffer.isBuffer(body) ? body.toString() : body.code
  exchange.answer(200, ['x-path', exchange.path], Buffer.from(`${exchange.method} ${exchange.query} ${said}`))
}

const plain = (path: string, body: string, ...more: readonly string[]): string =>
  `${[`POST ${path} HTTP/1.1`, 'host: a', `content-length: ${body.length}`, ...more].join('\r\n')}\r\n\r\n${body}`
const chunked = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const last = plain('/last', 'end', 'connection: close')

const bodies = (answers: string): string[] =>
  [...answers.matchAll(/\r\n\r\n((?:POST|GET).*?)(?=HTTP\/1\.1|$)/gs)].map((match) => match[1] ?? '')

test('plain requests and others, on one connection, are answered in their order', async (t) => {
  const server = await serve(t, echo)
  const socket = await open(server)
  socket.write(plain('/a?x=1', 'one') + plain('/b', '') + chunked('/c', 'three') + plain('/d', 'four') + last)
  const answers = await text(socket)
  assert.deepEqual(bodies(answers), ['POST ?x=1 one', 'POST  ', 'POST  three', 'POST  four', 'POST  end'])
  assert.deepEqual(
    [...answers.matchAll(/x-path: (.*)\r/g)].map((match) => match[1]),
    ['/a', '/b', '/c', '/d', '/last'],
  )
  assert.equal(answers.match(/connection: keep-alive\r\n/gi)?.length, 4)
  assert.equal(answers.match(/\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/gi)?.length, 5)
})

test('a body of any bytes goes out as it is, at once or in pieces', async (t) => {
  const any = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))
  const server = await serve(t, (exchange) => {
    if (exchange.path === '/whole') return exchange.answer(200, [], any)
    exchange.start(200, [])
    exchange.write(any)
    exchange.end(any)
  })
  const body = any.toString('latin1')
  const chunk = `200\r\n${body}\r\n`
  for (const [path, expected] of [
    ['/whole', body],
    ['/pieces', `${chunk}${chunk}0\r\n\r\n`],
  ] as const) {
    const socket = await open(server)
    socket.setEncoding('latin1')
    socket.write(plain(path, '', 'connection: close'))
    const answer = await text(socket)
    assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), expected)
  }
})

test('wherever the bytes are cut, the same requests are read', async (t) => {
  const server = await serve(t, echo)
  const whole = plain('/a', 'one') + plain('/b', 'two'.repeat(50)) + chunked('/c', 'three') + plain('/d', 'x') + last
  const expected = ['POST  one', `POST  ${'two'.repeat(50)}`, 'POST  three', 'POST  x', 'POST  end']
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 6 }), async (cuts) => {
      const socket = await open(server)
      socket.setNoDelay(true)
      const answers = text(socket)
      let from = 0
      for (const cut of [...cuts, whole.length].sort((a, b) => a - b)) {
        await new Promise((resolve) => socket.write(whole.slice(from, cut), resolve))
        await new Promise((resolve) => setImmediate(resolve))
        from = cut
      }
      assert.deepEqual(bodies(await answers), expected)
    }),
    { numRuns: 300 },
  )
})

test('a body larger than allowed is a fault, and one too large for the short way is read all the same', async (t) => {
  const server = await serve(t, (exchange) => {
    const limit = exchange.path === '/small' ? 10 : 10_000_000
    void Promise.resolve(exchange.readBody(limit)).then((body) => {
      exchange.answer(200, [], Buffer.from(`POST ${Buffer.isBuffer(body) ? body.length : body.code}`))
    })
  })
  const socket = await open(server)
  socket.write(plain('/small', 'x'.repeat(11)) + plain('/large', 'x'.repeat(3_000_000), 'connection: close'))
  assert.deepEqual(bodies(await text(socket)), ['POST body_too_large', 'POST 3000000'])
})

test('who leaves in the middle of a request is told of as gone', async (t) => {
  const taken = Promise.withResolvers<ClientExchange>()
  const server = await serve(t, taken.resolve)
  const socket = await open(server)
  socket.end(plain('/a', 'twelve bytes').slice(0, -3))
  const exchange = await taken.promise
  const body = await exchange.readBody(100)
  assert.equal(Buffer.isBuffer(body) ? '' : body.code, 'client_gone')
  assert.equal(exchange.gone, true)
})

test('who leaves in the middle of an answer is noticed, and what is said after that does no harm', async (t) => {
  const gone = Promise.withResolvers<ClientExchange>()
  const server = await serve(t, (exchange) => {
    exchange.onGone(() => gone.resolve(exchange))
    exchange.start(200, [])
    exchange.write(Buffer.from('a'))
  })
  const socket = await open(server)
  socket.write(plain('/a', ''))
  await once(socket, 'data')
  socket.destroy()
  const exchange = await gone.promise
  assert.equal(exchange.gone, true)
  exchange.write(Buffer.from('b'))
  exchange.end(Buffer.from('c'))
  exchange.answer(200, [], Buffer.from('d'))
  let told = 0
  exchange.onGone(() => {
    told += 1
  })
  assert.equal(told, 1)
})

test('an answer in pieces', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.start(201, ['x-a', 'b'])
    exchange.flushHead()
    exchange.write(Buffer.from('one'))
    exchange.write(Buffer.alloc(0))
    exchange.write(Buffer.from('y'.repeat(20_000)))
    exchange.end(Buffer.from('three'))
  })
  const answer = await (await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })).text()
  assert.equal(answer, `one${'y'.repeat(20_000)}three`)
})

test('an answer whose length the headers tell, and one that has no body', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.path === '/none') exchange.start(204, [])
    else exchange.start(200, ['content-length', '5', 'date', 'today'])
    exchange.end(Buffer.from(exchange.path === '/none' ? '' : 'POST!'))
  })
  const socket = await open(server)
  socket.write(plain('/none', '') + plain('/five', '', 'connection: close'))
  const answers = await text(socket)
  assert.match(answers, /^HTTP\/1\.1 204 No Content\r\n[\s\S]*\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nPOST!$/)
  assert.doesNotMatch(answers, /transfer-encoding/i)
  assert.equal(answers.match(/content-length/gi)?.length, 1)
  assert.equal(answers.match(/date: /gi)?.length, 2)
})

test('an answer that has no body gets none', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.start(exchange.path === '/304' ? 304 : 204, [])
    exchange.write(Buffer.from('some'))
    exchange.end(Buffer.from('thing'))
  })
  const socket = await open(server)
  socket.write(plain('/204', '') + plain('/304', '', 'connection: close'))
  assert.match(await text(socket), /^HTTP\/1\.1 204 .*\r\n(?:.+\r\n)*\r\nHTTP\/1\.1 304 .*\r\n(?:.+\r\n)*\r\n$/)
})

test('a request behind the last one is not taken, and the last answer arrives whole', async (t) => {
  const large = Buffer.alloc(20_000_000, 97)
  const paths: string[] = []
  const server = await serve(t, (exchange) => {
    paths.push(exchange.path)
    exchange.answer(200, [], large)
  })
  const [asked, stopped] = await Promise.all([open(server), open(server)])
  asked.write(plain('/asked', '', 'connection: close'))
  stopped.write(plain('/stopped', ''))
  await Promise.all([once(asked, 'readable'), once(stopped, 'readable')])
  const closed = server.close()
  for (const socket of [asked, stopped]) socket.write(plain('/behind', ''))
  for (const socket of [asked, stopped]) assert.ok((await text(socket)).length > large.length)
  await closed
  assert.deepEqual(paths.sort(), ['/asked', '/stopped'])
})

test('the upload of a client that has left is broken off, not ended', async (t) => {
  const taken = Promise.withResolvers<ClientExchange>()
  const server = await serve(t, taken.resolve)
  const socket = await open(server)
  socket.end(plain('/a', 'twelve bytes').slice(0, -3))
  const stream = (await taken.promise).bodyStream()
  await assert.rejects(text(stream), /left before its request was complete/)
})

test('who breaks off what has ended does no harm to the next answer', async (t) => {
  const exchanges: ClientExchange[] = []
  const server = await serve(t, (exchange) => {
    exchanges.push(exchange)
    exchange.answer(200, [], Buffer.from('POST!'))
    exchanges[0]?.breakOff()
  })
  const socket = await open(server)
  socket.write(plain('/a', '') + plain('/b', '', 'connection: close'))
  assert.equal(bodies(await text(socket)).length, 2)
})

test('a client that reads slowly is waited for', async (t) => {
  let drained = 0
  const server = await serve(t, (exchange) => {
    const piece = Buffer.alloc(65_536, 97)
    let left = 200
    const write = (): void => {
      while (left > 0) {
        left -= 1
        if (!exchange.write(piece)) return
      }
      exchange.end(Buffer.alloc(0))
    }
    exchange.start(200, [])
    exchange.onDrain(() => {
      drained += 1
      write()
    })
    write()
  })
  const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })
  assert.equal((await answer.arrayBuffer()).byteLength, 200 * 65_536)
  assert.ok(drained > 0)
})

test('no header can bring in another one', async (t) => {
  const faults: unknown[] = []
  const server = await serve(t, (exchange) => {
    for (const bad of ['a\r\nx-evil: 1', 'a\u0000', '\u4e2d']) {
      try {
        exchange.answer(200, ['x-a', bad], Buffer.alloc(0))
      } catch (fault) {
        faults.push(fault)
        assert.equal(exchange.started, false, 'something can still be said')
      }
    }
    exchange.answer(200, ['x-a', 'caf\u00e9'], Buffer.from('good'))
  })
  const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })
  assert.equal(await answer.text(), 'good')
  assert.equal(answer.headers.get('x-a'), 'caf\u00e9')
  assert.equal(faults.length, 3)
  assert.ok(faults.every((fault) => fault instanceof TypeError))
})

test('a server that stops lets answers under way end, and closes what waits', async (t) => {
  const taken = Promise.withResolvers<ClientExchange>()
  const server = await serve(t, taken.resolve)
  const [idle, busy, other] = await Promise.all([open(server), open(server), open(server)])
  const ends = [idle, busy, other].map((socket) => text(socket))
  other.write('PUT / HTTP/1.1\r\nhost: a\r\n')
  busy.write(plain('/a', 'x'))
  const exchange = await taken.promise
  const closed = server.close()
  assert.equal(await ends[0], '')
  const quiet = server.quiet(60_000)
  exchange.answer(200, [], Buffer.from('said'))
  await quiet
  assert.match((await ends[1]) ?? '', /connection: close\r\n[\s\S]*\r\n\r\nsaid$/)
  other.destroy()
  await closed
})

test('a broken answer ends without its last chunk', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.start(200, [])
    exchange.write(Buffer.from('half'))
    setImmediate(() => exchange.breakOff())
  })
  await assert.rejects(async () => {
    await (await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'x' })).text()
  }, /terminated/)
})

test('no more connections are open than are allowed, and those beyond are told of', async (t) => {
  const refused: true[] = []
  const server = await serve(t, echo, { connections: 1, onNotLetIn: () => refused.push(true) })
  const first = await open(server)
  first.write(plain('/a', 'one'))
  await once(first, 'data')
  const second = await open(server)
  await once(second.resume(), 'close')
  assert.equal(refused.length, 1)
  server.configure({ writeTimeoutMs: 60_000, connections: 2 })
  const third = await open(server)
  third.write(last)
  assert.deepEqual(bodies(await text(third)), ['POST  end'])
})

test('who is told that something is no HTTP, and stays, makes room for others all the same', async (t) => {
  const server = await serve(t, echo, { connections: 1 })
  const staying = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => staying.destroy())
  staying.write('no HTTP\r\n\r\n')
  const [refusal] = await once(staying, 'data')
  assert.match(String(refusal), /^HTTP\/1\.1 400 /)
  let answers = ''
  while (answers === '') {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(last)
    answers = await text(socket).catch(() => '')
  }
  assert.deepEqual(bodies(answers), ['POST  end'])
})

test('a large body of a stranger is refused by its head, and not waited for', async (t) => {
  const taken = Promise.withResolvers<ClientExchange>()
  const server = await serve(t, taken.resolve, { knows: () => false })
  const socket = await open(server)
  socket.write(plain('/a', 'x'.repeat(100_000)).slice(0, 1_000))
  const exchange = await taken.promise
  exchange.answer(401, [], Buffer.from('POST who?'))
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*\r\n\r\nPOST who\?$/)
})

test('who asks for a tunnel and resets the connection ends nothing but that', async (t) => {
  const server = await serve(t, echo)
  for (const more of ['', 'what would go through it '.repeat(1_000)]) {
    const asking = await open(server)
    asking.write('CONNECT api.openai.com:443 HTTP/1.1\r\nhost: api.openai.com:443\r\n\r\n')
    assert.match(String((await once(asking, 'data'))[0]), /^HTTP\/1.1 405 /)
    asking.write(more)
    asking.resetAndDestroy()
    await once(asking, 'close')
  }
  const next = await open(server)
  next.write(last)
  assert.deepEqual(bodies(await text(next)), ['POST  end'])
})

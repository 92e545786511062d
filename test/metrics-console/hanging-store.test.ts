import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Console } from './console.ts'

test('a server that takes connections and never answers keeps nobody from seeing so', async (t) => {
  const sockets: Socket[] = []
  let ended = 0
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => ended++)
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  const console = await Console.open(t)
  await console.call(2)
  await console.start(`store: {clickhouse_url: "http://127.0.0.1:${port}/"}\n`)
  // It was not given up: the console did not wait for that.
  assert.equal(sockets.length, 1)
  assert.equal(ended, 0)
  await console.shows({ tollgate_ingest_lag_records: 2, tollgate_ingest_stopped: 1, tollgate_store_up: 0 })
  assert.match(console.log, /has not answered yet/)

  await console.stop()
  assert.equal(ended, 0)
})

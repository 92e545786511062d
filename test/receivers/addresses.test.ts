import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { test } from 'node:test'
import { guardAddresses, isPublicAddress } from '#edge/delivery/addresses.ts'
import { delivererFor } from './deliverer.ts'
import { startMailServer } from './mail-server.ts'
import { mailReceiver, notificationOf, nowMs, receiverOf } from './sample.ts'
import { httpKinds } from './schemas.ts'
import { startService } from './service.ts'

test('only addresses that everybody can reach are public', () => {
  const others = [
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '100.100.100.200'],
    ...['127.0.0.1', '127.1.2.3', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1'],
    ...['192.168.1.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9', '224.0.0.1', '239.1.1.1'],
    ...['240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.1.2.3', '::ffff:169.254.169.254'],
    ...['64:ff9b::7f00:1', '64:ff9b::169.254.169.254', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1'],
    ...['2002:7f00:1::', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    // IPv4 in IPv6 as SIIT has it, in full, and what was never given out.
    ...['::ffff:0:127.0.0.1', '0:0:0:0:0:ffff:7f00:1', '0000:0000:0000:0000:0000:ffff:10.0.0.1', '1::1', '4000::1'],
    ...['', 'localhost', '1.2.3', '0x7f000001'],
  ]
  assert.deepEqual(others.filter(isPublicAddress), [])
  const everybodys = [
    ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.255.255'],
    ...['172.32.0.0', '192.167.1.1', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450:4001::1'],
    ...['::ffff:8.8.8.8', '64:ff9b::8.8.8.8'],
  ]
  assert.deepEqual(everybodys.filter(isPublicAddress), everybodys)
})

/** A resolver that gives these answers one after the other, the last for ever. */
function resolving(...answers: readonly (readonly LookupAddress[])[]): LookupFunction & { asked: number } {
  const resolve = (_name: string, _options: object, callback: Parameters<LookupFunction>[2]) => {
    const answer = answers[Math.min(resolve.asked++, answers.length - 1)] ?? []
    process.nextTick(callback, null, [...answer])
  }
  resolve.asked = 0
  return resolve
}

const loopback = { address: '127.0.0.1', family: 4 }
const refused = {
  ok: false,
  status: null,
  detail: 'the address is a private one, and alerts.allow_private_urls is off',
  retryable: false,
  retryAfterMs: null,
}

for (const kind of httpKinds) {
  test(`${kind}: private addresses are refused, however they are written, and nothing is sent`, async (t) => {
    const service = await startService(kind)
    t.after(() => service.close())
    const deliverer = delivererFor(t, { allowPrivateUrls: false })
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      'localhost',
    ]) {
      const receiver = receiverOf(kind, service.url.replace('127.0.0.1', host))
      assert.deepEqual(await deliverer.send(receiver, notificationOf(), nowMs), refused, host)
    }
    assert.equal(service.connections, 0)
  })
}

test('mail servers may be private ones', async (t) => {
  const server = await startMailServer(t)
  const deliverer = delivererFor(t, { allowPrivateUrls: false })
  const answer = await deliverer.send(mailReceiver('127.0.0.1', server.port, 'none'), notificationOf(), nowMs)
  assert.equal(answer.ok, true, answer.detail)
})

test('a name that comes to mean this machine after it was first asked for is of no use', async (t) => {
  const service = await startService('webhook')
  t.after(() => service.close())
  // Asked once for each connection, and the socket goes where that answer says: there is no second look to deceive.
  const resolve = resolving([loopback])
  const deliverer = delivererFor(t, { allowPrivateUrls: false, resolve })
  const receiver = receiverOf('webhook', service.url.replace('127.0.0.1', 'rebound.example.com'))
  for (let n = 1; n <= 2; n++) {
    assert.deepEqual(await deliverer.send(receiver, notificationOf(), nowMs), refused)
    assert.equal(resolve.asked, n)
  }
  assert.equal(service.connections, 0)
})

test('a name that was a public one when it was first asked for is asked for again, and refused then', async () => {
  const somewhere = { address: '2606:4700:4700::1111', family: 6 }
  const { lookup } = guardAddresses(
    false,
    resolving([somewhere], [loopback, { address: '::ffff:10.0.0.1', family: 6 }]),
  )
  const ask = () =>
    new Promise((resolve) => lookup('x.example.com', { all: true }, (error, all) => resolve(error?.message ?? all)))
  assert.deepEqual(await ask(), [somewhere])
  assert.equal(await ask(), refused.detail)
})

test('of several addresses of a name only public ones are connected to', async () => {
  const somewhere = { address: '2606:4700:4700::1111', family: 6 }
  const { lookup } = guardAddresses(false, resolving([loopback, somewhere]))
  const found = await new Promise((resolve, reject) => {
    lookup('x.example.com', { all: true }, (error, all) => (error === null ? resolve(all) : reject(error)))
  })
  assert.deepEqual(found, [somewhere])
  const one = await new Promise((resolve, reject) => {
    lookup('x.example.com', {}, (error, address, family) =>
      error === null ? resolve([address, family]) : reject(error),
    )
  })
  assert.deepEqual(one, [somewhere.address, somewhere.family])
})

test('where private addresses are allowed, a name may mean this machine', async (t) => {
  const service = await startService('webhook')
  t.after(() => service.close())
  const deliverer = delivererFor(t, { resolve: resolving([loopback]) })
  const receiver = receiverOf('webhook', service.url.replace('127.0.0.1', 'inside.example.com'))
  assert.equal((await deliverer.send(receiver, notificationOf(), nowMs)).ok, true)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalName, isLoopback, isPrivateAddress } from './private-address.ts'

test('addresses that do not lead into the public internet are private, whatever way they are written', () => {
  const inside = [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.9', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '192.0.0.8', '198.19.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', '[::1]', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '64:ff9b::10.0.0.1', '::127.0.0.1'],
  ]
  for (const address of inside) assert.equal(isPrivateAddress(address), true, address)
})

test('public addresses, names and what is no address are not', () => {
  const outside = [
    ...['8.8.8.8', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.1', '192.169.0.1', '223.255.255.255'],
    ...['2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '2001:4860:4860::8888'],
    ...['example.com', 'localhost', '10.0.0', '10.0.0.256', 'g::1', '1:2:3', '::1::', ''],
  ]
  for (const address of outside) assert.equal(isPrivateAddress(address), false, address)
})

test('localhost and the names below it are this machine', () => {
  for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost']) assert.ok(isLocalName(name), name)
  for (const name of ['localhost.example.com', 'notlocalhost', 'example.com']) assert.ok(!isLocalName(name), name)
})

test('a loopback address is one of this machine alone, however it is written', () => {
  const local = ['127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST', 'x.localhost']
  const other = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    '::2',
    'example.com',
    '128.0.0.1',
    '',
  ]
  for (const host of local) assert.equal(isLoopback(host), true, host)
  for (const host of other) assert.equal(isLoopback(host), false, host)
})

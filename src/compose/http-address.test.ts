import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpAddress } from './http-address.ts'

test('an address of IPv6 stands in brackets, a name and an address of IPv4 do not', () => {
  assert.equal(httpAddress({ host: '::1', port: 4000 }), 'http://[::1]:4000')
  assert.equal(httpAddress({ host: '127.0.0.1', port: 4000 }), 'http://127.0.0.1:4000')
  assert.equal(httpAddress({ host: 'gateway.internal', port: 80 }), 'http://gateway.internal:80')
})

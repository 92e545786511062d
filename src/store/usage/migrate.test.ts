import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usageMigrations } from './migrate.ts'

/** A merged migration is never changed: stores in the field have run it as it was. New ones are added at the end. */
const merged: readonly [name: string, digest: string][] = [
  ['0001-usage', '774e87ac3305b82a7d03937d4c63b1d3948889b40a27f4ed08791b9e314259d0'],
  ['0002-latency-of-calls', 'bc2c224a790290cc70ca99bfa0c23a901eb33687850dd80b8762d4782c91c173'],
  ['0003-latency-of-no-job', 'bd710a3f9700b3360ad20c74bb6470c7e9f8140c6d78f8eaff7c361a28d220de'],
  ['0004-durable-parts', '7c131184258e5a77592347b561d0b9e11e0b4b7fbfbeee7158bdc80a4214f361'],
]

test('merged migrations are as they were', () => {
  assert.deepEqual(
    usageMigrations().map(({ name, digest }) => [name, digest]),
    merged,
  )
})

test('migrations are numbered from 1 without a gap', () => {
  assert.deepEqual(
    usageMigrations().map(({ number }) => number),
    merged.map((_, index) => index + 1),
  )
})

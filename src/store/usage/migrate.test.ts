import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usageMigrations } from './migrate.ts'

/** A merged migration is never changed: stores in the field have run it as it was. New ones are added at the end. */
const merged: readonly [name: string, digest: string][] = [
  ['0001-usage', 'f31f24e6c4fe9aa8f95ec474f7701feebead429835f2009f6ab6a92fb6fa8de1'],
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

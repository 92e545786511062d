import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usageMigrations } from './migrate.ts'

/** A merged migration is never changed: stores in the field have run it as it was. New ones are added at the end. */
const merged: readonly [name: string, digest: string][] = [
  ['0001-usage', 'f3c7a3ca5c2c7ee805a141011465c0b5e8f667df1c207dbf6c0d1bd21f7c173b'],
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

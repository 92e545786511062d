import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventOf, notificationOf, storm } from '#test/receivers/sample.ts'
import { isWorthAnAlert, readNotification } from './notification-text.ts'

test('what was written is read, and nothing else is taken for it', () => {
  for (const notification of [notificationOf(), storm]) {
    assert.deepEqual(readNotification(JSON.stringify(notification)), notification)
  }
  const { firingCount: _, ...older } = notificationOf()
  for (const body of ['', 'null', '{}', '[]', '{"id":"x"}', JSON.stringify(older)]) {
    assert.equal(readNotification(body), null, body)
  }
})

test('that failures could not be told is no alert, all else is, read or not', () => {
  const failure = eventOf({ type: 'delivery_failure' })
  assert.equal(isWorthAnAlert(JSON.stringify(notificationOf({ firing: [failure] }))), false)
  assert.equal(isWorthAnAlert(JSON.stringify(notificationOf({ firing: [failure, eventOf()] }))), true)
  assert.equal(isWorthAnAlert('not read'), true)
})

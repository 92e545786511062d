import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settleEntry } from '#test/journal/entries.ts'
import { noReading } from '../answer/delivery.ts'
import { CallControl } from '../call-control.ts'
import { conclude } from './conclude.ts'
import type { EndedCall } from './end-call.ts'

test('a call whose answer cannot be sent is settled nevertheless: it gets no second record', () => {
  const control = new CallControl()
  const broken = { answer: () => assert.fail('no connection') }
  const ended = {
    open: {
      control,
      arrival: { exchange: broken, match: { dialect: 'openai' } },
      echo: { requestId: '', costCenter: '', headers: [] },
    },
    answer: { status: 200, headers: {} },
    delivery: { started: false, reading: noReading },
    instead: null,
  } as unknown as EndedCall
  assert.throws(() => conclude(ended, settleEntry('c')), /no connection/)
  assert.ok(control.settled)
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findRecordings, readRecordings, recordingsMissing } from './locate.ts'
import { bodyOf, checkReading, readStream, readWhole, sourceOf } from './replay.ts'

const directory = findRecordings()

if (directory === null) {
  test('recorded provider traffic', (context) => {
    context.diagnostic(recordingsMissing)
    assert.equal(directory, null)
  })
} else {
  const recordings = readRecordings(directory)

  test('the recordings are all there', () => {
    assert.ok(recordings.length >= 150, `${recordings.length} of 150 recordings`)
  })

  suite('recorded answers in one piece', () => {
    for (const recording of recordings) {
      test(recording.name, () => {
        if (!recording.stream) return checkReading(recording, readWhole(recording))
        const { reading, ending } = readStream(sourceOf(recording), [bodyOf(recording)])
        checkReading(recording, reading)
        const { sawDone, sawMessageStop, terminalEvent, partial } = recording.expected
        if (sawDone === true || sawMessageStop === true || terminalEvent !== undefined) assert.equal(ending, true)
        if (partial === true) assert.equal(reading.complete, false)
      })
    }
  })
}

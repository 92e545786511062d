import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AnswerSink, UpstreamFault } from '#ports.ts'
import { noReading } from './delivery.ts'
import { UpstreamSecret } from './hide-secret.ts'

const key = 'sk-upstream-5ecre7'
const inItsPlace = '[redacted]********'

/** What comes out of pieces: each time that something came in, and at the end. */
function passed(credential: string, pieces: readonly Buffer[], fault: UpstreamFault | null = null): string[] {
  const out: string[] = []
  let sofar: Buffer[] = []
  const ends: (UpstreamFault | null)[] = []
  const take = (): void => {
    out.push(latin1(Buffer.concat(sofar)))
    sofar = []
  }
  const last: AnswerSink = {
    bytes: (chunk) => sofar.push(chunk),
    end: () => ends.push(null),
    fail: (why) => ends.push(why),
  }
  const sink = new UpstreamSecret(credential).hiddenOnTheWayTo(last)
  for (const piece of pieces) {
    sink.bytes(piece)
    take()
  }
  if (fault === null) sink.end()
  else sink.fail(fault)
  take()
  assert.deepEqual(ends, [fault])
  return out
}

const buffers = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))

function cutAt(text: string, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return cuts.slice(1).map((end, index) => Buffer.from(text.slice(cuts[index], end), 'latin1'))
}

const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

/** Texts full of beginnings of the secret, which may begin within itself. */
const letters = fc.constantFrom('a', 'b', '1')
const secrets = fc.oneof(fc.constant(key), fc.string({ unit: letters, minLength: 16, maxLength: 18 }))
const near = secrets.chain((secret) => {
  const part = fc.nat(secret.length).map((length) => secret.slice(0, length))
  const word = fc.oneof(fc.constant(secret), part, letters, fc.constantFrom('\n', '"', ' ', 'é'))
  return fc.record({
    secret: fc.constant(secret),
    text: fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
    places: fc.array(fc.nat(200), { maxLength: 12 }),
  })
})

describe('the secret of a provider', () => {
  it('does not come out of a stream, however it is cut', () => {
    fc.assert(
      fc.property(near, fc.boolean(), ({ secret, text, places }, breaks) => {
        const fault = breaks ? new UpstreamFault('reset', 'broke off') : null
        const expected = text.replaceAll(secret, '[redacted]'.padEnd(secret.length, '*'))
        assert.equal(passed(secret, cutAt(text, places), fault).join(''), expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is waited for only where it may have begun, and no longer', () => {
    fc.assert(
      fc.property(near, ({ secret, text, places }) => {
        const pieces = cutAt(text, places)
        const out = passed(secret, pieces)
        const hidden = text.replaceAll(secret, '*'.repeat(secret.length))
        let came = 0
        let went = 0
        pieces.forEach((piece, index) => {
          came += piece.length
          went += out[index]?.length ?? 0
          const kept = text.slice(went, came)
          assert.ok(secret.startsWith(kept) && kept !== secret, `${JSON.stringify(kept)} is kept`)
          // Nor is less kept than could still become the secret.
          for (let at = Math.max(0, came - secret.length + 1); at < went; at += 1) {
            const shown = hidden.slice(at, came)
            assert.ok(shown.includes('*') || !secret.startsWith(shown), `${JSON.stringify(shown)} went out`)
          }
        })
      }),
      { numRuns: 2_000 },
    )
  })

  it('is noticed with the piece that completes it', () => {
    fc.assert(
      fc.property(near, ({ secret, text, places }) => {
        const noticed = new UpstreamSecret(secret).watch()
        const pieces = cutAt(text, places)
        const found = pieces.findIndex(noticed)
        const upTo = (count: number): string => latin1(Buffer.concat(pieces.slice(0, count)))
        const expected = pieces.findIndex((_, index) => upTo(index + 1).includes(secret))
        assert.equal(found, expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('cut in two is hidden, and what only begins like it comes out with what follows', () => {
    assert.deepEqual(passed(key, buffers('a sk-up', 'stream-5ecre7 b')), ['a ', `${inItsPlace} b`, ''])
    assert.deepEqual(passed(key, buffers('a sk-up', 'date b')), ['a ', 'sk-update b', ''])
    assert.deepEqual(passed(key, buffers('a sk-up')), ['a ', 'sk-up'])
    assert.deepEqual(passed(key, buffers(key, key)), [inItsPlace, inItsPlace, ''])
  })

  it('leaves pieces without it as they are, to the object', () => {
    const secret = new UpstreamSecret(key)
    const piece = Buffer.from('data: {"text":"Which key begins with sk-?"}\n\n')
    const seen: Buffer[] = []
    secret.hiddenOnTheWayTo({ bytes: (chunk) => seen.push(chunk), end: () => {}, fail: () => {} }).bytes(piece)
    assert.equal(seen[0], piece)
    assert.equal(secret.hiddenIn(piece, 200), piece)
    assert.equal(secret.hiddenIn(piece, 400), piece)
  })

  it('keeps the length of a whole body, and leaves what came as it was', () => {
    const body = Buffer.from(`{"a":"${key}","é":"${key}${key}"}`)
    const before = Buffer.from(body)
    const shown = new UpstreamSecret(key).hiddenIn(body, 200)
    assert.equal(shown.toString(), `{"a":"${inItsPlace}","é":"${inItsPlace}${inItsPlace}"}`)
    assert.equal(shown.length, body.length)
    assert.deepEqual(body, before)
  })

  it('is none where it is empty, or so short that it stands in texts by chance', () => {
    for (const filler of ['', 'x', 'none', 'EMPTY', 'ollama']) {
      const text = `x ${filler} x`
      const secret = new UpstreamSecret(filler)
      assert.equal(secret.hiddenIn(Buffer.from(text), 400).toString(), text)
      assert.equal(secret.watch()(Buffer.from(text)), false)
      assert.equal(passed(filler, buffers(text, text)).join(''), text + text)
      const answer = { status: 200, headers: { 'content-type': 'x' }, deliver() {}, pause() {}, resume() {} }
      assert.equal(secret.withoutHeaders(answer), answer)
    }
  })

  it('that may be a word is hidden in errors, not in what a model writes', () => {
    for (const word of ['placeholder', 'not-needed']) {
      const secret = new UpstreamSecret(word)
      const body = Buffer.from(`a ${word}`)
      assert.equal(secret.hiddenIn(body, 200), body)
      assert.ok(!secret.hiddenIn(body, 400).includes(word))
      assert.equal(passed(word, [body]).join(''), `a ${word}`)
    }
    for (const noWord of ['relay-k3y', 'placeholder-of-a-key']) {
      assert.ok(!new UpstreamSecret(noWord).hiddenIn(Buffer.from(`a ${noWord}`), 200).includes(noWord))
      assert.ok(
        !passed(noWord, buffers(`a ${noWord}`))
          .join('')
          .includes(noWord),
      )
    }
  })

  it('does not come out of a reading, where it was spelt otherwise in the body', () => {
    const error = { code: `bad_${key}`, message: `${key}: bad` }
    const reading = new UpstreamSecret(key).hiddenInReading({ ...noReading, error })
    assert.deepEqual(reading.error, { code: `bad_${inItsPlace}`, message: `${inItsPlace}: bad` })
  })
})

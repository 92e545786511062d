import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WholeEvents } from './whole-events.ts'

describe('whole events', () => {
  it('lets the very same bytes through, in whole events, wherever the stream is cut', () => {
    const event = fc.constantFrom('data: {"a":1}\n\n', 'event: x\ndata: é\n\n', 'data: [DONE]\r\n\r\n', ': ping\n\n')
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat({ max: 80 })), fc.string(), (events, cuts, rest) => {
        const all = Buffer.from(events.join('') + rest.replaceAll(/[\r\n]/g, ''))
        const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b)
        const whole = new WholeEvents()
        let out = ''
        for (let i = 1; i < places.length; i++) {
          out += whole.push(all.subarray(places[i - 1], places[i])).toString('latin1')
          assert.match(out, /^$|\n\n$|\r\n\r\n$/)
        }
        assert.equal(out + whole.take().toString('latin1'), all.toString('latin1'))
        assert.equal(whole.take().length, 0)
      }),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WholeEvents } from './whole-events.ts'

describe('whole events', () => {
  it('lets the very same bytes through, in whole events, wherever the stream is cut', () => {
    const event = fc.constantFrom(
      'data: {"a":1}\n\n',
      'event: x\ndata: é\n\n',
      'data: [DONE]\r\n\r\n',
      ': ping\n\n',
      'data: x\r\r',
    )
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat({ max: 80 })), fc.string(), (events, cuts, rest) => {
        const all = Buffer.from(events.join('') + rest.replaceAll(/[\r\n]/g, ''))
        const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b)
        const whole = new WholeEvents()
        let out = ''
        for (let i = 1; i < places.length; i++) {
          out += whole.push(all.subarray(places[i - 1], places[i])).toString('latin1')
          assert.match(out, /^$|\n\n$|\r\n\r\n$|\r\r$/)
        }
        assert.equal(out + whole.take().toString('latin1'), all.toString('latin1'))
        assert.equal(whole.take().length, 0)
      }),
    )
  })

  it('lets through at once what is whole, however it is cut', () => {
    const text = fc.array(fc.constantFrom('a', 'data:', '\n', '\r', '\r\n', '\n\n'), { maxLength: 60 })
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 80 })), (parts, cuts) => {
        const all = Buffer.from(parts.join(''))
        const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b)
        const whole = new WholeEvents()
        let waits = ''
        for (let i = 1; i < places.length; i++) {
          const piece = all.subarray(places[i - 1], places[i])
          waits += piece.toString()
          const ends = [...waits.matchAll(/(?=(\n\n|\r\n\r\n|\r\r))/g)].map(
            ({ index, 1: end = '' }) => index + end.length,
          )
          const out = waits.slice(0, Math.max(0, ...ends))
          waits = waits.slice(out.length)
          assert.equal(whole.push(piece).toString(), out)
        }
        assert.equal(whole.take().toString(), waits)
      }),
    )
  })

  it('does not keep an event that is too large, and keeps the next one', () => {
    const whole = new WholeEvents()
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let out = whole.push(Buffer.from('data: ')).length
    for (let count = 0; count < 200; count++) out += whole.push(piece).length
    assert.equal(out, 6 + 200 * piece.length)
    assert.equal(whole.push(Buffer.from('y\n')).toString(), 'y\n')
    assert.equal(whole.push(Buffer.from('\ndata: ')).toString(), '\n')
    assert.equal(whole.push(Buffer.from('z\n\n')).toString(), 'data: z\n\n')
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ContentEncoding, encodeWhole } from '#lib/content-encoding.ts'
import { noBytes } from '#lib/no-bytes.ts'
import type { AnswerSink } from '#ports.ts'
import type { StreamMeter } from '#providers/meter.ts'
import { CallControl } from '../call-control.ts'
import { type Delivery, noReading } from './delivery.ts'
import { UpstreamSecret } from './hide-secret.ts'
import { type FlowParts, relayFlow } from './relay-flow.ts'

const encodings: readonly (readonly ContentEncoding[] | null)[] = [
  null,
  ['gzip'],
  ['deflate'],
  ['br'],
  ['zstd'],
  ['gzip', 'br'],
]

/** An answer and its caller as the flow sees them, and what it did to them. */
class Passage {
  readonly done: string[] = []
  readonly faults: unknown[] = []
  readonly written: Buffer[] = []
  readonly delivery: Promise<Delivery>
  takesMore = true
  #sink: AnswerSink | null = null
  #drained: () => void = () => {}

  constructor(encoding: readonly ContentEncoding[] | null, meter: Partial<StreamMeter>) {
    this.delivery = relayFlow({
      encoding,
      meter: {
        push: (chunk) => chunk,
        end: () => noBytes,
        ending: false,
        outputBytes: 0,
        reading: () => noReading,
        ...meter,
      },
      form: 'sse',
      allowance: null,
      passed: null,
      secret: new UpstreamSecret('sk-upstream-1'),
      control: new CallControl(),
      timers: { after: () => ({ cancel: () => {} }) },
      monotonicMs: () => 1,
      limits: { readAfterDisconnectMs: 0, readAfterDisconnectBytes: 0 },
      upstream: { abort: () => this.done.push('abort') },
      onFault: (error: unknown) => this.faults.push(error),
      answer: {
        status: 200,
        headers: {},
        deliver: (sink: AnswerSink) => {
          this.#sink = sink
        },
        pause: () => this.done.push('pause'),
        resume: () => this.done.push('resume'),
      },
      exchange: {
        gone: false,
        flushHead: () => {},
        onGone: () => {},
        onDrain: (run: () => void) => {
          this.#drained = run
        },
        write: (bytes: Buffer) => {
          this.written.push(bytes)
          return this.takesMore
        },
      } as unknown as FlowParts['exchange'],
    })
  }

  comes(...chunks: readonly Buffer[]): void {
    for (const chunk of chunks) this.#sink?.bytes(chunk)
  }

  ends(): void {
    this.#sink?.end()
  }

  drains(): void {
    this.#drained()
  }
}

const onPurpose = new Error('on purpose')
const breaks = (): never => {
  throw onPurpose
}
const encoded = async (encoding: readonly ContentEncoding[] | null, text: string): Promise<Buffer> =>
  encodeWhole(encoding ?? [], Buffer.from(text))

for (const encoding of encodings) {
  describe(`a stream, ${encoding?.join(' in ') ?? 'plain'}`, () => {
    test('whose meter throws fails by itself, and says so', async () => {
      const passage = new Passage(encoding, { push: breaks })
      passage.comes(await encoded(encoding, 'data: {}\n\n'))
      passage.ends()
      const { fault } = await passage.delivery
      assert.deepEqual([fault?.code, fault?.cause], ['bad_answer', onPurpose])
      assert.ok(passage.done.includes('abort'))
      assert.deepEqual([passage.faults, passage.written], [[onPurpose], []])
    })

    test('that cannot be read at its end either is given back to whoever waits for it', async () => {
      for (const meter of [{ end: breaks }, { reading: breaks }, { push: breaks, end: breaks }]) {
        const passage = new Passage(encoding, meter)
        passage.comes(await encoded(encoding, 'data: {}\n\n'))
        passage.ends()
        await assert.rejects(passage.delivery, onPurpose)
      }
    })

    test('is metered as plain, and passed on as it came', async () => {
      const read: Buffer[] = []
      const passage = new Passage(encoding, {
        push: (chunk) => {
          read.push(chunk)
          return chunk
        },
      })
      const bytes = await encoded(encoding, 'data: {"a":1}\n\n')
      passage.comes(bytes.subarray(0, 5), bytes.subarray(5))
      passage.ends()
      assert.equal((await passage.delivery).fault, null)
      assert.deepEqual([Buffer.concat(read).toString(), Buffer.concat(passage.written)], ['data: {"a":1}\n\n', bytes])
    })
  })
}

test('a stream that becomes far more than came of it is broken off, and nothing of that chunk is passed on', async () => {
  let readBytes = 0
  const passage = new Passage(['br'], {
    push: (chunk) => {
      readBytes += chunk.length
      return chunk
    },
  })
  passage.comes(await encodeWhole(['br'], Buffer.alloc(48 * 1024 * 1024, ' ')))
  const { fault } = await passage.delivery
  assert.match(fault?.message ?? '', /^the answer is too large once decoded: /)
  assert.equal(fault?.code, 'bad_answer')
  assert.ok(readBytes < 20 * 1024 * 1024, `${readBytes} bytes were read`)
  assert.deepEqual([passage.written, passage.faults, passage.done], [[], [], ['abort']])
})

test('no more of a stream is asked for than can be decoded, nor while its caller takes none', async () => {
  const read = Promise.withResolvers<void>()
  const passage = new Passage(['gzip'], {
    push: (chunk) => {
      if (chunk.includes('last')) read.resolve()
      return chunk
    },
  })
  passage.takesMore = false
  const noise = Array.from({ length: 40_000 }, (_, index) => (index * 2_654_435_761).toString(36)).join('')
  const bytes = await encoded(['gzip'], `${noise}last`)
  assert.ok(bytes.length > 100_000)
  passage.comes(bytes.subarray(0, 70_000))
  assert.deepEqual(passage.done, ['pause'])
  passage.comes(bytes.subarray(70_000))
  await read.promise
  passage.ends()
  await passage.delivery
  assert.ok(!passage.done.includes('resume'), 'what was decoded does not make the caller read')
  passage.drains()
  assert.equal(passage.done.at(-1), 'resume')
})

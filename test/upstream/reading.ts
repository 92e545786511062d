import { MalformedAnswer } from '#edge/http1/answer-head.ts'
import { AnswerReader } from '#edge/http1/answer-reader.ts'

/** What came of an answer. */
export interface Reading {
  status: number
  headers: Readonly<Record<string, string | string[]>>
  body: string
  outcome: 'whole' | 'cut_off' | 'malformed'
}

/** Reads, for tests, what comes on one connection in these pieces and then ends. The memory of each piece is spoiled after it. */
export function readAnswer(pieces: readonly Buffer[], method = 'POST'): Reading {
  const reading: Reading = { status: 0, headers: {}, body: '', outcome: 'cut_off' }
  const reader = new AnswerReader({
    takeHead: ({ status, headers }) => Object.assign(reading, { status, headers }),
    takeBytes: (bytes) => {
      reading.body += bytes.toString('latin1')
      return true
    },
    takeEnd: () => {
      reading.outcome = 'whole'
    },
  })
  reader.begin(method)
  try {
    for (const piece of pieces) {
      const memory = Buffer.from(piece)
      reader.read(memory)
      memory.fill(0x58)
    }
    reader.end()
  } catch (error) {
    if (!(error instanceof MalformedAnswer)) throw error
    reading.outcome = 'malformed'
  }
  return reading
}

/** The pieces of `bytes` between these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((place, index) => bytes.subarray(sorted[index], place))
}

import { randomFillSync } from 'node:crypto'
// As a global it is behind a getter, which costs a quarter of a reading each time.
import { performance } from 'node:perf_hooks'
import type { Clock, Ids, Timers } from '#ports.ts'

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

export const systemTimers: Timers = {
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Crockford's base 32: sorts like the number, without letters that are mistaken for digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const countBits = 20
const idBytes = 14
/** All texts of two such digits. */
const pairs: readonly string[] = Array.from(
  { length: 1024 },
  (_, n) => alphabet.charAt(n >> 5) + alphabet.charAt(n & 31),
)

/**
 * Call ids in the form of ULIDs: 10 characters of time, 16 of chance. Within one millisecond the last four count up,
 * so that the ids of one process sort as they were made and only the first of a millisecond costs random bytes. While
 * the clock is behind where it has been, ids go on from the latest time that was seen.
 */
export function makeSystemIds(): Ids {
  let lastMs = -1
  let count = 0
  let prefix = ''
  const randomness = Buffer.alloc(64 * idBytes)
  let usedBytes = randomness.length
  return {
    callId(wallMs) {
      const ms = Math.max(0, Math.floor(wallMs))
      count++
      if (ms > lastMs || count >= 2 ** countBits) {
        lastMs = Math.max(ms, lastMs + 1)
        if (usedBytes + idBytes > randomness.length) {
          randomFillSync(randomness)
          usedBytes = 0
        }
        const bytes = randomness.subarray(usedBytes, usedBytes + idBytes)
        usedBytes += idBytes
        // Begins in the lower half, so that half a million ids fit before the prefix must change.
        count = bytes.readUInt16LE(12) << 3
        prefix = base32(lastMs, 10)
        for (let i = 0; i < 12; i++) prefix += alphabet.charAt(bytes.readUInt8(i) & 31)
      }
      return prefix + pairs[count >> 10] + pairs[count & 1023]
    },
    traceId: () => randomHex(16),
    spanId: () => randomHex(8),
    chance: () => Math.random(),
  }
}

/** Filled anew for some hundred ids at once: a call to the generator costs more than an id. */
const hexPool = Buffer.alloc(4096)
let hexUsed = hexPool.length

function randomHex(bytes: 8 | 16): string {
  for (;;) {
    if (hexUsed + bytes > hexPool.length) {
      randomFillSync(hexPool)
      hexUsed = 0
    }
    const text = hexPool.toString('hex', hexUsed, hexUsed + bytes)
    hexUsed += bytes
    if (!/^0+$/.test(text)) return text
  }
}

function base32(value: number, length: number): string {
  let rest = value
  let text = ''
  for (let i = 0; i < length; i++) {
    text = alphabet.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

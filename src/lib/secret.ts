import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** 32 characters of 62 are 190 bits: nobody finds one by trying. */
const secretLength = 32

/** A new secret: the prefix and 32 letters and digits, each equally likely. */
export function makeSecret(prefix: string): string {
  return prefix + randomText(secretLength)
}

/** Letters and digits from the system's source of chance, each equally likely. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      // 248 is the greatest multiple of 62 below 256: taking the rest too would favour the first eight characters.
      if (byte < 248) text += alphabet.charAt(byte % 62)
    }
  }
  return text
}

/** SHA-256 of the text's UTF-8 bytes, lower-case hex. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}

// Used within one synchronous function only, so that a comparison allocates nothing.
const left = Buffer.alloc(64)
const right = Buffer.alloc(64)

/**
 * Whether two SHA-256 digests in lower-case hex are equal, in a time that does not depend on where they differ. Anything
 * that is not 64 characters long equals nothing.
 */
export function sameDigest(a: string, b: string): boolean {
  if (a.length !== 64 || b.length !== 64) return false
  left.write(a, 'latin1')
  right.write(b, 'latin1')
  return timingSafeEqual(left, right)
}

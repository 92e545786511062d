import { hash32, randomFrom } from './random.ts'

/** A vector of length 1 that the same text always gets. */
export function vectorOf(text: string, size: number): number[] {
  const random = randomFrom(hash32(text))
  const raw = Array.from({ length: Math.max(1, Math.floor(size)) }, () => random() * 2 - 1)
  const length = Math.hypot(...raw)
  return raw.map((value) => Math.fround(value / length))
}

/** The vector as 32-bit floats, little-endian, in base64: `encoding_format: base64`. */
export function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}

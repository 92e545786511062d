import type { UpstreamAnswer } from '#ports.ts'
import type { Reading } from '#providers/meter.ts'

/*
 * Providers, and relays before them, may repeat the credential that they were shown. It stays ours: what repeats it
 * is not passed on, and not written down.
 */

const inItsPlace = '[redacted]'

/**
 * Servers that want no credential are given a filler, such as `x` or `none`. That is no secret, and stands in texts by
 * chance: taken for one, it would cost an answer its content type.
 */
const shortestSecret = 8

function isSecret(credential: string): boolean {
  return credential.length >= shortestSecret
}

/** The very same answer but for headers that hold the secret, which are left out. */
export function answerWithoutSecret(answer: UpstreamAnswer, secret: string): UpstreamAnswer {
  if (!isSecret(secret) || !anyHolds(answer.headers, secret)) return answer
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([, value]) => !holds(value, secret)))
  return {
    status: answer.status,
    headers,
    deliver: (sink) => answer.deliver(sink),
    pause: () => answer.pause(),
    resume: () => answer.resume(),
  }
}

export function bytesWithoutSecret(bytes: Buffer, secret: string): Buffer {
  if (!isSecret(secret) || !bytes.includes(secret)) return bytes
  return Buffer.from(bytes.toString('latin1').replaceAll(Buffer.from(secret).toString('latin1'), inItsPlace), 'latin1')
}

/** The very same reading but for an error whose message holds the secret. */
export function readingWithoutSecret(reading: Reading, secret: string): Reading {
  const { error } = reading
  if (error === null || !isSecret(secret) || !error.message.includes(secret)) return reading
  return { ...reading, error: { ...error, message: error.message.replaceAll(secret, inItsPlace) } }
}

function anyHolds(headers: UpstreamAnswer['headers'], secret: string): boolean {
  for (const name in headers) if (holds(headers[name], secret)) return true
  return false
}

function holds(value: string | string[] | undefined, secret: string): boolean {
  return typeof value === 'string'
    ? value.includes(secret)
    : (value?.some((single) => single.includes(secret)) ?? false)
}

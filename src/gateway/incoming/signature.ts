import { createHmac } from 'node:crypto'
import { sameDigest } from '#lib/secret.ts'
import type { ClientExchange } from '#ports.ts'

interface Signed {
  readonly source: string
  readonly secret: string
  readonly headers: ClientExchange['headers']
  readonly body: Buffer
  readonly nowMs: number
}

/** Of `webhook-timestamp`, in either direction: what the libraries of Standard Webhooks allow. */
export const toleranceMs = 5 * 60_000

/**
 * Null where the body is signed with the secret; otherwise what is wrong, for people. Signatures are `sha256=<hex>` of
 * the body in `X-Tollgate-Signature`, `X-HolySheep-Signature` or `X-<Source>-Signature`, or those of Standard Webhooks
 * (https://www.standardwebhooks.com). Each that is there has to be right, and one has to be there.
 */
export function signatureFault(signed: Signed): string | null {
  const names = new Set(['x-tollgate-signature', 'x-holysheep-signature', `x-${signed.source.toLowerCase()}-signature`])
  const sent = [...names].filter((name) => signed.headers[name] !== undefined)
  const standard = signed.headers['webhook-signature'] !== undefined
  if (sent.length === 0 && !standard)
    return `The request is not signed: the header X-Tollgate-Signature is missing. Its value is sha256= and the hex HMAC-SHA256 of the body.`
  const wrong = sent.find((name) => !isBodySignature(signed, headerText(signed, name)))
  if (wrong !== undefined) return `The signature in ${wrong} is not that of this body with the secret of this source.`
  return standard ? standardFault(signed) : null
}

function isBodySignature({ secret, body }: Signed, value: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest('hex')
  const given = /^sha256=([0-9a-f]{64})$/i.exec(value.trim())?.[1] ?? ''
  return sameDigest(given.toLowerCase(), expected)
}

function standardFault(signed: Signed): string | null {
  const id = headerText(signed, 'webhook-id')
  const seconds = headerText(signed, 'webhook-timestamp')
  if (id === '' || !/^\d{1,12}$/.test(seconds))
    return 'webhook-signature needs webhook-id, and webhook-timestamp in Unix seconds.'
  const hmac = createHmac('sha256', standardKey(signed.secret)).update(`${id}.${seconds}.`).update(signed.body)
  const expected = hmac.digest('hex')
  // All are looked at, so that the time says nothing of which one fits.
  const fits = headerText(signed, 'webhook-signature')
    .split(' ')
    .map((one) => one.startsWith('v1,') && sameDigest(Buffer.from(one.slice(3), 'base64').toString('hex'), expected))
  if (!fits.includes(true))
    return 'The signature in webhook-signature is not that of this request with the secret of this source.'
  if (Math.abs(Number(seconds) * 1000 - signed.nowMs) <= toleranceMs) return null
  return 'webhook-timestamp is more than five minutes off the time here: the request is too old, or a clock is wrong.'
}

/** Secrets in the form of the standard are Base64 behind a prefix; others are taken as they stand. */
function standardKey(secret: string): string | Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret
}

function headerText({ headers }: Signed, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

/** Anthropic's address of a batch's results, with what stands before its path. */
const absolute = /("results_url"\s*:\s*")https?:\/\/[^"/\\]+(\/v1\/messages\/batches\/[^"\\]+\/results")/g

/**
 * Anthropic says by a whole address where the results of a batch are, and its SDKs go there: past the gateway, with a
 * key that is none of Anthropic's. Without scheme and host it is an address at whatever the SDK's base URL is.
 */
export function withOwnResultsAddress(body: Buffer): Buffer {
  const text = body.toString('latin1')
  const own = text.replace(absolute, '$1$2')
  return own.length === text.length ? body : Buffer.from(own, 'latin1')
}

import { hash } from 'node:crypto'

/** SHA-256 in lower-case hex: the state of a journal's hash chain after some frame. */
export type Chain = string

/** The chain before the first frame of a journal. */
export const genesisChain: Chain = '0'.repeat(64)

export const chainBytes = 32

/** The chain after one more frame: SHA-256 of the previous chain's 32 raw bytes followed by the frame's body. Pure. */
export function chainAfter(previous: Chain, body: Uint8Array): Chain {
  const joined = Buffer.allocUnsafe(chainBytes + body.length)
  joined.write(previous, 0, 'hex')
  joined.set(body, chainBytes)
  return hash('sha256', joined, 'hex')
}

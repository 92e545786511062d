import { parentPort } from 'node:worker_threads'
import { countTokens, estimateInputTokens, estimateOutputTokens } from '#providers/estimate.ts'
import type { TokenAnswer, TokenQuestion } from './token-counter.ts'

parentPort?.on('message', ({ id, kind, content }: TokenQuestion) => {
  tokensOf(kind, Buffer.from(content)).then(
    (tokens) => parentPort?.postMessage({ id, tokens } satisfies TokenAnswer),
    // Reported, not thrown: one text that cannot be counted must not take the others with it.
    () => parentPort?.postMessage({ id, tokens: null } satisfies TokenAnswer),
  )
})

function tokensOf(kind: TokenQuestion['kind'], content: Buffer): Promise<number | null> {
  if (kind === 'input') return estimateInputTokens(content)
  return kind === 'count' ? countTokens(content.toString()) : estimateOutputTokens(content.toString())
}

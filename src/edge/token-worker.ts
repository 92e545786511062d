import { parentPort } from 'node:worker_threads'
import { estimateInputTokens, estimateOutputTokens } from '#providers/estimate.ts'
import type { TokenAnswer, TokenQuestion } from './token-counter.ts'

parentPort?.on('message', ({ id, kind, content }: TokenQuestion) => {
  const counting =
    kind === 'input' ? estimateInputTokens(Buffer.from(content)) : estimateOutputTokens(Buffer.from(content).toString())
  counting.then(
    (tokens) => parentPort?.postMessage({ id, tokens } satisfies TokenAnswer),
    // Reported, not thrown: one text that cannot be counted must not take the others with it.
    () => parentPort?.postMessage({ id, tokens: null } satisfies TokenAnswer),
  )
})

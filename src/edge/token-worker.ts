import { countTokens, estimateInputTokens, estimateOutputTokens } from '#providers/estimate.ts'
import { answerQuestions } from './answering-thread.ts'
import type { TokenQuestion } from './token-counter.ts'

answerQuestions<TokenQuestion, number | null>(async ({ kind, content }) => ({
  answer: await tokensOf(kind, Buffer.from(content)),
}))

function tokensOf(kind: TokenQuestion['kind'], content: Buffer): Promise<number | null> {
  if (kind === 'input') return estimateInputTokens(content)
  return kind === 'count' ? countTokens(content.toString()) : estimateOutputTokens(content.toString())
}

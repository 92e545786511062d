import type { ReportedPass, ReportedUsage } from './reported.ts'

/**
 * The passes of a report, each with what it reasoned. Anthropic counts that once for all of them, beside the passes: it
 * is of those that made the answer, and as nobody says of which, of the first that have room for it. What none has
 * room for stands with the last, where it is cut and marked as any other contradiction.
 */
export function passesOf(usage: ReportedUsage): readonly ReportedPass[] {
  const { iterations = [], reasoningTokens = 0 } = usage
  let left = reasoningTokens - iterations.reduce((sum, pass) => sum + (pass.reasoningTokens ?? 0), 0)
  if (!(left > 0) || iterations.length === 0) return iterations
  const answers = iterations.some(isAnswer) ? isAnswer : isAny
  const last = iterations.findLastIndex(answers)
  return iterations.map((pass, index) => {
    if (!answers(pass)) return pass
    const own = pass.reasoningTokens ?? 0
    const room = Math.max(0, (pass.outputTokens ?? 0) - own)
    const more = index === last ? left : Math.min(left, room)
    left -= more
    return more === 0 ? pass : { ...pass, reasoningTokens: own + more }
  })
}

function isAnswer({ type }: ReportedPass): boolean {
  return type === 'message'
}

function isAny(): boolean {
  return true
}

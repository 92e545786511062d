import { bodyStart } from '#lib/body-start.ts'
import { closingQuote } from '#lib/json-members.ts'
import type { Findings } from './findings.ts'

/** Members that hold output in any of the APIs, up to where their text begins. */
const outputMember =
  /"(?:content|text|thinking|reasoning|reasoning_content|refusal|arguments|delta|partial_json)"\s*:\s*"/g

/** Takes what a body that is no JSON, or not all of it, has of generated text. For estimates. */
export function readLoosely(body: Buffer, findings: Findings): void {
  const text = utf8Text(body)
  if (text?.trim() === '') return
  const start = bodyStart(body, true)
  if (text !== null && start === 'other') findings.addText(text)
  else if (text !== null && start !== 'markup')
    for (const { 0: member, index } of text.matchAll(outputMember)) {
      const begin = index + member.length
      // The last one may be cut.
      findings.addText(text.slice(begin, closingQuote(text, begin - 1)))
    }
  // Pages of servers between here and the provider are nobody's output; what is encoded or no text may be.
  findings.outputUnread = findings.outputChars === 0
}

/** Null where the bytes are no UTF-8. A character that is cut at the end is left out. */
function utf8Text(body: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true })
  } catch {
    return null
  }
}

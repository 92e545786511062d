import { bodyStart } from '#lib/body-start.ts'
import type { Findings } from './findings.ts'

/** Members that hold output in any of the APIs, and their texts: the last one may be cut. */
const outputMember =
  /"(?:content|text|thinking|reasoning|reasoning_content|refusal|arguments|delta|partial_json)"\s*:\s*"((?:[^"\\]|\\.)*)/g

/** Takes what a body that is no JSON, or not all of it, has of generated text. For estimates. */
export function readLoosely(body: Buffer, findings: Findings): void {
  const text = utf8Text(body)
  if (text?.trim() === '') return
  const start = bodyStart(body, true)
  if (text !== null && start === 'other') findings.addText(text)
  else if (text !== null && start !== 'markup')
    for (const { 1: piece } of text.matchAll(outputMember)) findings.addText(piece)
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

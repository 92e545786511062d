import { closingQuote } from './json-members.ts'

const colon = 0x3a

/**
 * The same JSON with every name of a member that can do without escapes written without them, however deep it stands.
 * Of a text that is not JSON it makes none either.
 *
 * V8 takes a name with an escape in it for one that it has met before in such an object and that begins with the same
 * characters: after `{"a":1,"mod\\u":1}` it reads `{"a":1,"mod\u0065l":1}` as that again
 * (https://github.com/nodejs/node/issues/63785). What it takes a name for then has a backslash, so what was parsed
 * without such a name was read right. Names that need an escape can still be taken for others that have one.
 *
 * @throws SyntaxError for some texts that are not JSON.
 */
export function withPlainNames(text: string): string {
  let plain = ''
  let copied = 0
  for (let open = text.indexOf('"'); open !== -1; ) {
    const end = closingQuote(text, open) + 1
    const string = isFollowedByColon(text, end) ? text.slice(open, end) : ''
    if (string.includes('\\')) {
      // Alone, V8 reads each right.
      plain += text.slice(copied, open) + JSON.stringify(JSON.parse(string))
      copied = end
    }
    open = text.indexOf('"', end)
  }
  return plain + text.slice(copied)
}

/** Of all strings only names are. */
function isFollowedByColon(text: string, from: number): boolean {
  let position = from
  while (text.charCodeAt(position) <= 0x20) position += 1
  return text.charCodeAt(position) === colon
}

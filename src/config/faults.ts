/** One thing wrong with the configuration. Never contains a value that may be a secret. */
export interface ConfigFault {
  /** Where: a path in the file such as `providers[0].base_url`, or `environment NAME`. */
  readonly path: string
  /** Line in the file, from 1; null where there is none. */
  readonly line: number | null
  readonly wrong: string
  readonly expected: string
}

export type PathPart = string | number

/** `['providers', 0, 'base_url']` → `providers[0].base_url`; the empty path is the file itself. */
export function pathText(path: readonly PathPart[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? part : `.${part}`
  }
  return text === '' ? '(file)' : text
}

/** One line for people: `providers[0].base_url (line 7): is not a URL; expected …`. */
export function faultLine(fault: ConfigFault): string {
  const place = fault.line === null ? fault.path : `${fault.path} (line ${fault.line})`
  const text = `${place}: ${fault.wrong}; expected ${fault.expected}`
  return text.replaceAll(/[\r\n]+/g, ' ')
}

/** Two sentences of a fault travel through zod's one message; this character, never part of either, keeps them apart. */
const separator = '\u001f'

export function says(wrong: string, expected: string): string {
  return `${wrong}${separator}${expected}`
}

export function heard(message: string): { wrong: string; expected: string } {
  const [wrong = message, expected = 'another value'] = message.split(separator)
  return { wrong, expected }
}

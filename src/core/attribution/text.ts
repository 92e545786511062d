import { type InvalidAttribution, invalid } from './said.ts'

/** Longest value of a field or tag, in UTF-16 code units. */
export const maxValueLength = 256

// Line and paragraph separators break log lines and CSV rows as surely as a line feed does.
const forbidden = /[\p{Cc}\u2028\u2029]/u

/**
 * A value as attribution keeps it: text without surrounding blanks. Numbers and booleans become text; null and
 * undefined are '', as is a blank text: nobody said.
 *
 * Invalid are objects and lists, over-long text, control characters (which could forge a header, a log line or a
 * row of a report) and unpaired surrogates.
 */
export function readValue(
  value: unknown,
  field: string,
  maxLength: number = maxValueLength,
): string | InvalidAttribution {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return invalid(field, 'must be a string, a number or a boolean')
  }
  const text = String(value).trim()
  if (text.length > maxLength) return invalid(field, `is longer than ${maxLength} characters`)
  if (forbidden.test(text)) return invalid(field, 'holds a control character')
  if (!text.isWellFormed()) return invalid(field, 'is not well-formed Unicode')
  return text
}

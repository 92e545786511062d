const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const narrow = /^[\x20-\x7e]*$/
/** Unicode Standard Annex 11, as far as names go: East Asian scripts with their signs and full-width forms, and pictures. */
const wide =
  /^(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u
const mark = /^\p{M}/u

/** Columns that a text takes on a terminal: characters of East Asia and emoji two, accents by themselves none. */
export function textWidth(text: string): number {
  if (narrow.test(text)) return text.length
  return Array.from(graphemes.segment(text)).reduce((width, { segment }) => width + graphemeWidth(segment), 0)
}

/** The longest beginning of a text that takes no more columns than this, without a character in halves. */
export function textWithin(text: string, columns: number): string {
  if (narrow.test(text)) return text.slice(0, columns)
  let width = 0
  for (const { segment, index } of graphemes.segment(text)) {
    width += graphemeWidth(segment)
    if (width > columns) return text.slice(0, index)
  }
  return text
}

export function padText(text: string, columns: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, columns - textWidth(text)))
  return align === 'right' ? blanks + text : text + blanks
}

function graphemeWidth(grapheme: string): number {
  if (wide.test(grapheme)) return 2
  return mark.test(grapheme) ? 0 : 1
}

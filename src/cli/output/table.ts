import { padText, textWidth, textWithin } from '#lib/text-width.ts'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** In columns. Longer texts are cut: the table is for people, the whole text is in --json and --csv. */
const widestCell = 40

/** Columns of even width, a line under the titles and, where there is one, a line above the last row. */
export function tableText(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  footer?: readonly string[],
): string {
  const all = [columns.map(({ title }) => title), ...rows, ...(footer === undefined ? [] : [footer])]
  const cells = all.map((row) => row.map(shownCell))
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => textWidth(row[index] ?? ''))))
  const lines = cells.map((row) =>
    columns
      .map(({ align }, index) => padText(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  const [head = '', ...body] = lines
  if (footer !== undefined) body.splice(-1, 0, rule)
  return `${[head, rule, ...body].join('\n')}\n`
}

/** Control characters would move the cursor of the terminal: a caller's words must not. */
function shownCell(text: string): string {
  const plain = text.replace(/\p{C}/gu, '\u00b7')
  return textWidth(plain) > widestCell ? `${textWithin(plain, widestCell - 1)}…` : plain
}

/** A whole number, or exact decimal text, with commas between thousands. */
export function grouped(value: string | number): string {
  const [whole = '', fraction] = String(value).split('.')
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? commas : `${commas}.${fraction}`
}

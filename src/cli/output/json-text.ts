/** What `--json` prints: indented, for people too, with a line end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** An instant as all JSON of commands has it: ISO 8601 in UTC with milliseconds. */
export function isoText(atMs: number): string
export function isoText(atMs: number | null): string | null
export function isoText(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}

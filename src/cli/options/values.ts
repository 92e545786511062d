import { InvalidArgumentError } from 'commander'
import { instant } from '#config/scalars.ts'

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Items by commas; blank ones are typing slips. */
export function listOption(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  const given = items.filter((item) => item !== '')
  if (given.length === 0) throw new InvalidArgumentError('expected at least one, separated by commas')
  return given
}

/** Unix milliseconds; without a zone UTC, without a time the first instant of the day. */
export function parseInstant(text: string): number {
  const read = instant().safeParse(text)
  if (!read.success) throw new InvalidArgumentError('expected a date like 2027-01-01 or 2027-01-01T12:00:00Z')
  return read.data
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `90s`, `30m`, `12h`, `7d`; 0 needs no unit. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (text === '0') return 0
  const each = unitMs[unit ?? '']
  if (count === undefined || each === undefined)
    throw new InvalidArgumentError('expected a time like 0, 90s, 30m, 12h or 7d')
  return Number(count) * each
}

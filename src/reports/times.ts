import type { TimeRange } from '#core/ledger/questions.ts'
import { ParameterFault } from './fault.ts'

const timeForms = 'a date (2026-01-31), a month (2026-01) or a time (2026-01-31T12:00:00Z)'
const rangeForms = 'a number and h, d or w, for example 24h, 7d or 4w'

/** The name of a time zone, or an offset from UTC. @throws ParameterFault where there is no such time zone. */
export function checkTimezone(name: string): string {
  try {
    // A plus sign that was not escaped in a URL arrives as a space.
    const tidy = name.replace(/^ (?=\d)/, '+')
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(tidy).timeZoneId
  } catch {
    throw new ParameterFault('timezone', name, 'an IANA time zone, for example Europe/Berlin or UTC, or +02:00')
  }
}

/**
 * The Unix time of a date, a month or a time as people write it. Without a zone of its own it is in `timezone`; a date
 * or a month is the moment it begins there.
 *
 * @throws ParameterFault
 */
export function parseTime(parameter: string, text: string, timezone: string): number {
  // A plus sign that was not escaped in a URL arrives as a space.
  const tidy = text.trim().replace(/([T ]\d\d:\S+) (\d\d:?\d\d)$/, '$1+$2')
  try {
    if (/^\d{4}-\d{2}$/.test(tidy)) return startOfDay(Temporal.PlainDate.from(`${tidy}-01`), timezone)
    if (/^\d{4}-\d{2}-\d{2}$/.test(tidy)) return startOfDay(Temporal.PlainDate.from(tidy), timezone)
    // With a space, as tables show times and as Python writes them.
    if (/^\d{4}-\d{2}-\d{2}[T ]\d/.test(tidy) && !tidy.includes('[')) {
      if (/(?:z|[+-]\d\d(?::?\d\d)?)$/i.test(tidy)) return Temporal.Instant.from(tidy).epochMilliseconds
      return Temporal.PlainDateTime.from(tidy).toZonedDateTime(timezone).epochMilliseconds
    }
  } catch {
    // Falls to the fault below: 2026-02-30 is no date.
  }
  throw new ParameterFault(parameter, text, timeForms)
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Milliseconds of `24h`, `7d`, `4w`. @throws ParameterFault */
export function parseDuration(parameter: string, text: string): number {
  const [, digits, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text.trim()) ?? []
  const ms = Number(digits) * (unitMs[unit] ?? Number.NaN)
  if (!(ms > 0)) throw new ParameterFault(parameter, text, rangeForms)
  return ms
}

interface RangeWords {
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Instead of `from`: so long before `to`. */
  readonly range?: string | undefined
}

/** What `from`, `to` and `range` mean; by default the current month until now. @throws ParameterFault */
export function parseRange(words: RangeWords, { timezone, nowMs }: { timezone: string; nowMs: number }): TimeRange {
  // A call that just ended began before now; one that begins in this very millisecond is in it too.
  const toMs = words.to === undefined ? nowMs + 1 : parseTime('to', words.to, timezone)
  if (words.range !== undefined) {
    if (words.from !== undefined) throw new ParameterFault('range', words.range, 'either range or from, not both')
    return { fromMs: toMs - parseDuration('range', words.range), toMs }
  }
  const fromMs = words.from === undefined ? startOfMonth(toMs - 1, timezone) : parseTime('from', words.from, timezone)
  if (fromMs >= toMs)
    throw new ParameterFault('from', words.from ?? words.to ?? '', 'a time before the end of the range')
  return { fromMs, toMs }
}

/** ISO 8601 with the zone's offset at that moment: `2026-03-29T03:00:00+02:00`; in UTC with `Z`. */
export function zonedText(ms: number, timezone: string): string {
  const instant = Temporal.Instant.fromEpochMilliseconds(ms)
  if (timezone === 'UTC') return instant.toString({ fractionalSecondDigits: 3 })
  return instant.toZonedDateTimeISO(timezone).toString({ timeZoneName: 'never', fractionalSecondDigits: 3 })
}

/** The first moment of the day that began `days` before the one of `ms`. */
export function startOfDayBefore(ms: number, days: number, timezone: string): number {
  const day = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone).toPlainDate()
  return startOfDay(day.subtract({ days }), timezone)
}

function startOfDay(date: Temporal.PlainDate, timezone: string): number {
  return date.toZonedDateTime(timezone).startOfDay().epochMilliseconds
}

function startOfMonth(ms: number, timezone: string): number {
  const day = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone).toPlainDate()
  return startOfDay(day.with({ day: 1 }), timezone)
}

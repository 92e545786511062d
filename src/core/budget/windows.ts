import type { BudgetWindow } from './budget.ts'

/** Half-open, in Unix milliseconds. */
export interface WindowSpan {
  readonly startMs: number
  readonly endMs: number
}

/**
 * The calendar window that an instant lies in, in a time zone. The windows of a kind follow each other without gap or
 * overlap, whatever the zone's clock does:
 *
 * - Days begin when the clock first shows their date, so a day lasts 23 or 25 hours where the clock is changed. Where
 *   it is set back over midnight, what is shown of the old date again belongs to the new day.
 * - Weeks begin on Monday, months on `monthStartDay` (1 to 28).
 * - Hours and minutes are those that the clock shows: an hour that is shown twice is two windows, and one that a change
 *   of the clock falls into (zones that move by half an hour) ends there.
 *
 * @throws RangeError where the zone is unknown.
 */
export function windowAt(window: BudgetWindow, timezone: string, monthStartDay: number, atMs: number): WindowSpan {
  const local = zoned(Math.floor(atMs), timezone)
  switch (window) {
    case 'minute':
      return shownSpan(local, 60_000)
    case 'hour':
      return shownSpan(local, 3_600_000)
    case 'day':
    case 'week':
    case 'month':
      return spanOfDays(window, local, monthStartDay)
  }
}

function zoned(atMs: number, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone)
}

function spanOfDays(
  window: 'day' | 'week' | 'month',
  local: Temporal.ZonedDateTime,
  monthStartDay: number,
): WindowSpan {
  const { timeZoneId, epochMilliseconds: atMs } = local
  const startOf = (date: Temporal.PlainDate): number => date.toZonedDateTime(timeZoneId).epochMilliseconds
  const step = { [`${window}s`]: 1 }
  let first = firstDay(window, local.toPlainDate(), monthStartDay)
  let next = first.add(step)
  // Not at once where the clock was set back over midnight: the date is the old one, and its window is over.
  while (startOf(next) <= atMs) {
    first = next
    next = first.add(step)
  }
  return { startMs: startOf(first), endMs: startOf(next) }
}

function firstDay(
  window: 'day' | 'week' | 'month',
  date: Temporal.PlainDate,
  monthStartDay: number,
): Temporal.PlainDate {
  if (window === 'day') return date
  if (window === 'week') return date.subtract({ days: date.dayOfWeek - 1 })
  const inMonth = date.with({ day: monthStartDay })
  return date.day >= monthStartDay ? inMonth : inMonth.subtract({ months: 1 })
}

/** From one full hour or minute on the zone's clock to the next, or to where the clock is changed between them. */
function shownSpan(local: Temporal.ZonedDateTime, lengthMs: number): WindowSpan {
  const { timeZoneId, epochMilliseconds: atMs } = local
  const offsetMs = offsetMsOf(local)
  const shownMs = atMs + offsetMs
  const startMs = atMs - (shownMs - Math.floor(shownMs / lengthMs) * lengthMs)
  const endMs = startMs + lengthMs
  const first = zoned(startMs, timeZoneId)
  return {
    startMs: offsetMsOf(first) === offsetMs ? startMs : changeAfter(first, startMs),
    endMs: offsetMsOf(zoned(endMs - 1, timeZoneId)) === offsetMs ? endMs : changeAfter(local, endMs),
  }
}

function offsetMsOf(local: Temporal.ZonedDateTime): number {
  return local.offsetNanoseconds / 1_000_000
}

function changeAfter(local: Temporal.ZonedDateTime, otherwiseMs: number): number {
  return local.getTimeZoneTransition('next')?.epochMilliseconds ?? otherwiseMs
}

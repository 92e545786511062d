import type { TimeRange } from '#core/ledger/questions.ts'
import type { Bindings } from './conditions.ts'

/** From a time on, the clock of a zone is so far ahead of UTC. Both in seconds. */
interface ZoneSpell {
  readonly fromS: number
  readonly offsetS: number
}

const hourS = 3600
/** As far as the engine's seconds go. */
const mostS = 2 ** 32 - 1

/**
 * The spells of a zone's clock that a range has, the first from its beginning on. By the table of time zones of this
 * process, which ends of ranges, budgets and alerts go by too: the engine has another one, of another year.
 */
function zoneSpells(timezone: string, { fromMs, toMs }: TimeRange): readonly [ZoneSpell, ...ZoneSpell[]] {
  const fromS = withinSeconds(fromMs)
  const toS = withinSeconds(toMs)
  let at = Temporal.Instant.fromEpochMilliseconds(fromS * 1000).toZonedDateTimeISO(timezone)
  const spells: [ZoneSpell, ...ZoneSpell[]] = [{ fromS, offsetS: offsetOf(at) }]
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (next === null || next.epochMilliseconds >= toS * 1000) return spells
    spells.push({ fromS: next.epochMilliseconds / 1000, offsetS: offsetOf(next) })
    at = next
  }
}

/** Whether an hour of UTC in the range can be of two days on the zone's clock, as in zones half an hour from others. */
export function cutsHours(timezone: string, range: TimeRange): boolean {
  const isCut = (seconds: number) => seconds % hourS !== 0
  const [first, ...others] = zoneSpells(timezone, range)
  return isCut(first.offsetS) || others.some(({ fromS, offsetS }) => isCut(fromS) || isCut(offsetS))
}

/** What the clock of a zone shows, in the engine's words: for times in a range, or in the hour in which it begins. */
export interface ShownTime {
  /** A time of UTC that reads as the zone's clock does then. */
  local(time: string): string
  /** The Unix time at which the hour on the clock began; where the clock was changed in it, when that was. */
  hour(time: string): string
}

export function shownTime(timezone: string, { fromMs, toMs }: TimeRange, bindings: Bindings): ShownTime {
  // What the hour is in which the range begins, its records or its roll-ups, begins within two hours before.
  const spells = zoneSpells(timezone, { fromMs: fromMs - 2 * hourS * 1000, toMs })
  const local = (time: string, offset: string) => `(${time} + toIntervalSecond(${offset}))`
  const hour = (time: string, offset: string) => `toInt64(toUnixTimestamp(toStartOfHour(${time}))) - ${offset}`
  if (spells.length === 1) {
    const offset = bindings.integer(spells[0].offsetS)
    return { local: (time) => local(time, offset), hour: (time) => hour(local(time, offset), offset) }
  }
  const starts = bindings.integers(spells.map(({ fromS }) => fromS))
  const offsets = bindings.integers(spells.map(({ offsetS }) => offsetS))
  const spell = (time: string) => `roundDown(toInt64(toUnixTimestamp(${time})), ${starts})`
  const offset = (time: string) => `transform(${spell(time)}, ${starts}, ${offsets}, toInt64(0))`
  return {
    local: (time) => local(time, offset(time)),
    hour: (time) => `greatest(${hour(local(time, offset(time)), offset(time))}, ${spell(time)})`,
  }
}

function offsetOf(time: Temporal.ZonedDateTime): number {
  return time.offsetNanoseconds / 1_000_000_000
}

function withinSeconds(ms: number): number {
  return Math.min(Math.max(Math.floor(ms / 1000), 0), mostS)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = `(?<month>${months.join('|')})`
const time = String.raw`(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60)`
const shortDay = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const longDay = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day'

/** RFC 9110, section 5.6.7: the form that is written today, and the two that are still to be read. */
const dateForms = [
  new RegExp(String.raw`^${shortDay}, (?<day>\d\d) ${month} (?<year>\d{4}) ${time} GMT$`),
  new RegExp(String.raw`^${longDay}, (?<day>\d\d)-${month}-(?<year>\d\d) ${time} GMT$`),
  new RegExp(String.raw`^${shortDay} ${month} (?<day>\d\d| \d) ${time} (?<year>\d{4})$`),
]
const secondsForm = /^\d+(\.\d+)?$/

/**
 * How long a `Retry-After` asks to wait, in milliseconds: seconds, of which some servers send fractions, or a date
 * (RFC 9110, section 10.2.3); 0 for a date gone by. Null for anything else, which is as if it were not there. Pure.
 */
export function retryAfterMs(value: string, nowMs: number): number | null {
  const text = value.trim()
  if (secondsForm.test(text)) return Number(text) * 1000
  const atMs = httpDateMs(text, nowMs)
  return atMs === null ? null : Math.max(0, atMs - nowMs)
}

function httpDateMs(text: string, nowMs: number): number | null {
  for (const form of dateForms) {
    const { groups } = form.exec(text) ?? {}
    if (groups !== undefined) return timeOf(groups, nowMs)
  }
  return null
}

function timeOf(groups: Partial<Record<string, string>>, nowMs: number): number | null {
  const field = (name: string): number => Number(groups[name])
  const monthIndex = months.indexOf(groups['month'] ?? '')
  const year = groups['year']?.length === 2 ? fullYear(field('year'), nowMs) : field('year')
  const date = new Date(0)
  // Not Date.UTC, which takes the year 50 for 1950.
  date.setUTCFullYear(year, monthIndex, field('day'))
  if (date.getUTCDate() !== field('day')) return null
  return date.setUTCHours(field('hour'), field('minute'), field('second'))
}

/** Of two digits: never more than 50 years ahead. */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + twoDigits
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury
}

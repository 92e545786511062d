/**
 * How much a client wants each of some media types, by its `Accept` header (RFC 9110, 12.5.1): from 0, not at all, to 1.
 * The most specific range that fits a type counts for it; parameters other than `q` narrow a range only where the type
 * has them too. No header means that everything is welcome.
 */
export function mediaTypeWeights(header: string | undefined, types: readonly MediaType[]): number[] {
  if (header === undefined || header.trim() === '') return types.map(() => 1)
  const ranges = header.split(',').flatMap((text) => rangeOf(text) ?? [])
  return types.map((type) => weightOf(type, ranges))
}

interface MediaType {
  /** `text/plain` */
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

interface Range extends MediaType {
  readonly weight: number
}

function rangeOf(text: string): Range | null {
  const [name = '', ...rest] = text.split(';').map((part) => part.trim())
  if (!name.includes('/')) return null
  const parameters: Record<string, string> = {}
  let weight = 1
  for (const part of rest) {
    const mark = part.indexOf('=')
    const key = part.slice(0, Math.max(mark, 0)).trim().toLowerCase()
    const value = part
      .slice(mark + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
    if (key === 'q') weight = qualityOf(value)
    else if (key !== '') parameters[key] = value.toLowerCase()
  }
  return { name: name.toLowerCase(), parameters, weight }
}

function qualityOf(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0
}

function weightOf(type: MediaType, ranges: readonly Range[]): number {
  let best = -1
  let weight = 0
  for (const range of ranges) {
    const specific = specificity(range, type)
    if (specific < best || specific === -1) continue
    weight = specific === best ? Math.max(weight, range.weight) : range.weight
    best = specific
  }
  return weight
}

/** -1 where the range does not fit the type. */
function specificity(range: Range, type: MediaType): number {
  const [main] = type.name.split('/')
  const named = range.name === type.name ? 2 : range.name === `${main}/*` ? 1 : range.name === '*/*' ? 0 : -1
  if (named === -1) return -1
  const parameters = Object.entries(range.parameters).filter(([key]) => type.parameters[key] !== undefined)
  const fits = parameters.every(([key, value]) => type.parameters[key] === value)
  return fits ? named * 10 + parameters.length : -1
}

/** Whether the client takes a content coding, by its `Accept-Encoding` header. */
export function acceptsCoding(header: string | undefined, coding: string): boolean {
  let wanted: number | null = null
  let others = 0
  for (const text of (header ?? '').split(',')) {
    const [name = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase())
    const quality = rest.find((part) => part.startsWith('q='))
    const weight = quality === undefined ? 1 : qualityOf(quality.slice(2))
    if (name === coding) wanted = weight
    else if (name === '*') others = weight
  }
  return (wanted ?? others) > 0
}

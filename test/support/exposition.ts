/** One sample as a scraper would keep it. */
export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar: { readonly labels: Readonly<Record<string, string>>; readonly value: number } | null
}

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly ParsedSample[]
}

type Format = 'text' | 'openmetrics'

/**
 * Reads an exposition as strictly as its format is written down, and throws at whatever a scraper might refuse or
 * misread: Prometheus' text format 0.0.4, or OpenMetrics 1.0.
 */
export function parseExposition(text: string, format: Format): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>()
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('the last line has no end')
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('there is no # EOF at the end')
  let current: { name: string; help: string; type: string; samples: ParsedSample[] } | null = null
  for (const line of lines) {
    if (line === '' && format === 'text') continue
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (meta !== null) {
      const [, kind, name = '', rest = ''] = meta
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`${name} stands in two places`)
        if (format === 'openmetrics' && /(?<!\\)"/.test(rest)) throw new Error(`a quote in the help of ${name}`)
        current = { name, help: rest, type: '', samples: [] }
        families.set(name, current)
      } else if (current?.name === name && current.type === '') current.type = checkedType(rest, format)
      else throw new Error(`the type of ${name} stands alone, or twice`)
    } else if (current === null || current.type === '') throw new Error(`a sample without a family: ${line}`)
    else current.samples.push(parseSample(line, current, format))
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function checkedType(type: string, format: Format): string {
  const known = ['counter', 'gauge', 'histogram', 'summary', format === 'text' ? 'untyped' : 'unknown']
  if (!known.includes(type)) throw new Error(`${type} is no type of ${format}`)
  return type
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

function parseSample(line: string, { name: family, type }: { name: string; type: string }, format: Format) {
  const head = /^([a-zA-Z_:][a-zA-Z0-9_:]*)/.exec(line)?.[1] ?? ''
  const total = format === 'openmetrics' && type === 'counter' ? ['_total'] : ['']
  if (!(suffixes[type] ?? total).some((suffix) => head === family + suffix)) {
    throw new Error(`${head} is no sample of the ${type} ${family}`)
  }
  let at = head.length
  let labels: Record<string, string> = {}
  if (line[at] === '{') ({ labels, at } = parseLabels(line, at))
  if (line[at] !== ' ') throw new Error(`no value: ${line}`)
  const [number = '', ...behind] = line.slice(at + 1).split(' # ')
  const value = parseNumber(number)
  let exemplar: ParsedSample['exemplar'] = null
  if (behind.length > 0) {
    if (format === 'text' || !/_(bucket|total)$/.test(head)) throw new Error(`an exemplar where there is none: ${line}`)
    const after = behind.join(' # ')
    const read = parseLabels(after, 0)
    const [shown = '', timestamp = ''] = after.slice(read.at + 1).split(' ')
    if (!/^\d+(\.\d+)?$/.test(timestamp)) throw new Error(`no time of the exemplar: ${line}`)
    const length = Object.entries(read.labels).reduce((sum, [key, text]) => sum + key.length + [...text].length, 0)
    if (length > 128) throw new Error(`an exemplar of ${length} characters`)
    exemplar = { labels: read.labels, value: parseNumber(shown) }
  }
  return { name: head, labels, value, exemplar }
}

function parseLabels(text: string, from: number): { labels: Record<string, string>; at: number } {
  const labels: Record<string, string> = {}
  let at = from + 1
  while (text[at] !== '}') {
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/.exec(text.slice(at))
    if (pair === null) throw new Error(`a label that cannot be read: ${text.slice(at)}`)
    const [whole, name = '', value = ''] = pair
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} stands twice: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    at += whole.length
    if (text[at] === ',') at++
    else if (text[at] !== '}') throw new Error(`labels that do not end: ${text}`)
  }
  return { labels, at: at + 1 }
}

function parseNumber(text: string): number {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  throw new Error(`${text} is no number`)
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  if (type === '') throw new Error(`${name} has no type`)
  const seen = new Set<string>()
  for (const sample of samples) {
    const key = seriesKey(sample.name, sample.labels)
    if (seen.has(key)) throw new Error(`${key} stands twice`)
    seen.add(key)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${key} counts ${sample.value}`)
  }
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  const last = new Map<string, { le: number; count: number }>()
  for (const sample of samples) {
    const { le, ...labels } = sample.labels
    const key = seriesKey('', labels)
    if (sample.name === `${name}_bucket`) {
      const bound = parseNumber(le ?? '')
      const before = last.get(key)
      if (before !== undefined && (bound <= before.le || sample.value < before.count))
        throw new Error(`the buckets of ${name}${key} do not rise`)
      last.set(key, { le: bound, count: sample.value })
    } else if (sample.name === `${name}_count`) {
      const whole = last.get(key)
      if (whole?.le !== Number.POSITIVE_INFINITY || whole.count !== sample.value)
        throw new Error(`the last bucket of ${name}${key} is not its count`)
    }
  }
}

/** The same text for the same series, in whatever order its labels stand. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${name}{${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`
}

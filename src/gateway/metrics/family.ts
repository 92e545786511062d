/** What a scrape shows under one name. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: FamilyType
  readonly values: readonly Sample[]
}

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Of the parts of a histogram: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string
  readonly exemplar?: Exemplar | null
}

/** One observation that a bucket stands for, with what leads to its call. */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>
  readonly value: number
  /** Unix time in seconds. */
  readonly timestamp: number
}

/** What a family is, before there are any numbers. */
export interface Definition {
  readonly name: string
  readonly type: FamilyType
  readonly labels: readonly string[]
  readonly help: string
  /** Upper bounds, ascending; of histograms. */
  readonly buckets?: readonly number[]
}

export function familyOf({ name, help, type }: Definition, values: readonly Sample[]): Family {
  return { name, help, type, values }
}

/** A family with one sample and no labels. */
export function singleOf(definition: Definition, value: number): Family {
  return familyOf(definition, [sampleOf(definition, [], value)])
}

/** A family with one label: how often there was each of its values. */
export function countsOf(definition: Definition, counts: ReadonlyMap<string, number>): Family {
  const samples = [...counts].map(([value, count]) => sampleOf(definition, [value], count))
  return familyOf(definition, samples)
}

/** One sample of a definition: the values of its labels in their order. */
export function sampleOf({ labels }: Definition, values: readonly (string | number)[], value: number): Sample {
  return { labels: labelsOf(labels, values), value }
}

export function labelsOf(names: readonly string[], values: readonly (string | number)[]): Record<string, string> {
  const labels: Record<string, string> = {}
  names.forEach((name, index) => {
    labels[name] = String(values[index] ?? '')
  })
  return labels
}

const types: ReadonlySet<unknown> = new Set<FamilyType>(['counter', 'gauge', 'histogram', 'summary', 'unknown'])

/**
 * What prom-client calls a metric as JSON, from this process or another: its declared types are not what it gives, and
 * a number that JSON has no word for arrives as null. What cannot be shown is left out, and so are gauges that are
 * named like counters (`nodejs_active_handles_total`), which OpenMetrics does not allow.
 */
export function familiesOf(metrics: readonly unknown[]): Family[] {
  return metrics.flatMap((metric) => {
    const { name, help, type, values } = (metric ?? {}) as Readonly<Record<keyof Family, unknown>>
    if (typeof name !== 'string' || !types.has(type) || !Array.isArray(values)) return []
    if (type === 'gauge' && name.endsWith('_total')) return []
    const samples = (values as readonly Sample[]).filter((sample) => Number.isFinite(sample?.value))
    return [{ name, help: String(help), type: type as FamilyType, values: samples.map(asSample) }]
  })
}

function asSample({ labels, value, metricName, exemplar }: Sample): Sample {
  const sample = { labels: labels ?? {}, value }
  return metricName === undefined ? sample : { ...sample, metricName, exemplar: exemplar ?? null }
}

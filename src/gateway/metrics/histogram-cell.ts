import { type Definition, type Exemplar, labelsOf, type Sample } from './family.ts'

/** Names and values of an exemplar's labels are at most 128 characters together (OpenMetrics 1.0, "Exemplars"). */
const longestRequestId = 128 - 'request_id'.length

/** One histogram of one set of labels. To observe is a few additions; texts are made at a scrape. */
export class HistogramCell {
  readonly #bounds: readonly number[]
  /** One for each bound, and one for what is above all of them; not cumulated. */
  readonly #counts: number[]
  readonly #last: (Exemplar | undefined)[]
  #sum = 0

  constructor({ buckets = [] }: Definition) {
    this.#bounds = buckets
    this.#counts = Array.from({ length: buckets.length + 1 }, () => 0)
    this.#last = Array.from({ length: buckets.length + 1 })
  }

  observe(value: number): void {
    this.#add(value)
  }

  /** Remembers the call as the example of its bucket. */
  observeCall(value: number, requestId: string, atMs: number): void {
    const bucket = this.#add(value)
    if (requestId.length > longestRequestId) return
    this.#last[bucket] = { labelSet: { request_id: requestId }, value, timestamp: atMs / 1000 }
  }

  #add(value: number): number {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
    return bucket
  }

  samples({ name, labels: names }: Definition, values: readonly (string | number)[]): Sample[] {
    const labels = labelsOf(names, values)
    let count = 0
    const samples: Sample[] = this.#counts.map((more, bucket) => {
      count += more
      const le = bucket < this.#bounds.length ? (this.#bounds[bucket] ?? 0) : '+Inf'
      const exemplar = this.#last[bucket] ?? null
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count, exemplar }
    })
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum })
    samples.push({ metricName: `${name}_count`, labels, value: count })
    return samples
  }
}

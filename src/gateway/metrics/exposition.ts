import { Registry, type RegistryContentType } from 'prom-client'
import { stateDefinitions } from './definitions.ts'
import { type Family, singleOf } from './family.ts'

export type ExpositionFormat = 'text' | 'openmetrics'

const contentTypes: Readonly<Record<ExpositionFormat, RegistryContentType>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
}

export function contentTypeOf(format: ExpositionFormat): string {
  return contentTypes[format]
}

/** Families whose text is made without letting anybody else have a turn. */
const familiesAtOnce = 4

/** In UTF-16 code units: whoever scrapes has to hold all of it too. */
const mostChars = 2 ** 27

/**
 * The families as text, by prom-client. Between some of them calls get their turn: a scrape of many thousand series
 * must not hold up traffic. The numbers are those of when it was called. Families for which there is no room are left
 * out, and counted at the end: without them the others are still worth having.
 */
export async function expose(
  families: readonly Family[],
  format: ExpositionFormat,
  most: number = mostChars,
): Promise<string> {
  const parts: string[] = []
  let [chars, leftOut] = [0, 0]
  for (let at = 0; at < families.length; at += familiesAtOnce) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    for (const text of await textsOf(families.slice(at, at + familiesAtOnce), format)) {
      if (chars + text.length > most) {
        leftOut += 1
        continue
      }
      chars += text.length
      parts.push(`${text}\n`)
    }
  }
  if (leftOut > 0) parts.push(`${await textsOf([singleOf(stateDefinitions.familiesLeftOut, leftOut)], format)}\n`)
  if (format === 'openmetrics') parts.push('# EOF\n')
  return parts.join('')
}

interface Shown extends Family {
  get(): Family
}

/** One for each family that has any values. */
async function textsOf(families: readonly Family[], format: ExpositionFormat): Promise<string[]> {
  // A registry of its own for each text: prom-client renames what it shows as OpenMetrics.
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(contentTypes[format])
  const texts: string[] = []
  for (const family of families) {
    if (family.values.length === 0) continue
    const shown = format === 'openmetrics' ? asOpenMetrics(family) : family
    const metric: Shown = { ...shown, help: shown.help.replaceAll('"', "'"), get: () => metric }
    // What a registry asks of a metric is its name and `get`, as for those that it aggregates of a cluster's workers.
    registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
    texts.push(await registry.getSingleMetricAsString(metric.name))
  }
  return texts
}

/**
 * OpenMetrics names a counter's family without `_total` and its samples with it; prom-client adds that to the samples.
 * A counter that has another name, fixed by a contract, would get a new one there: it is of unknown type instead, and
 * its samples keep their name.
 */
function asOpenMetrics(family: Family): Family {
  if (family.type !== 'counter') return family
  const name = family.name.replace(/_total$/, '')
  return name === family.name ? { ...family, type: 'unknown' } : { ...family, name }
}

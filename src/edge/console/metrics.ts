import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import { isObject } from '#lib/json-object.ts'
import { askSocket } from '../socket-client.ts'

export type ConsoleMetric = MetricObjectWithValues<MetricValue<string>>

/** Far more than a console has to say. */
const mostBytes = 16 * 1024 * 1024

/**
 * What the console of this machine tells at `/metrics` of admin.sock. As prom-client gives it: `type` is its name
 * (`counter`, …), and the values of a histogram carry their `metricName`. Numbers that JSON does not know are NaN.
 *
 * @returns null where nobody answers there in time, or not with metrics
 */
export async function readConsoleMetrics(
  socketPath: string,
  timeoutMs: number,
): Promise<readonly ConsoleMetric[] | null> {
  const text = await askSocket(socketPath, '/metrics', { withinMs: timeoutMs, mostBytes })
  return text === null ? null : metricsOf(text)
}

const types: ReadonlySet<unknown> = new Set(['counter', 'gauge', 'histogram', 'summary'])
const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const labelPattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Checked to the last value: one that is not sound would cost the gateway's whole exposition. */
function metricsOf(text: string): ConsoleMetric[] | null {
  let said: unknown
  try {
    said = JSON.parse(text, (name, value: unknown) => (name === 'value' && value === null ? Number.NaN : value))
  } catch {
    return null
  }
  return Array.isArray(said) && said.every(isMetric) ? said : null
}

function isMetric(said: unknown): said is ConsoleMetric {
  if (!isObject(said)) return false
  const { name, help, type, values } = said
  return isName(name) && typeof help === 'string' && types.has(type) && Array.isArray(values) && values.every(isValue)
}

function isValue(said: unknown): boolean {
  if (!isObject(said)) return false
  const { value, labels, metricName } = said
  return (
    typeof value === 'number' &&
    (metricName === undefined || isName(metricName)) &&
    isObject(labels) &&
    Object.entries(labels).every(([name, label]) => labelPattern.test(name) && isLabel(label))
  )
}

function isName(said: unknown): said is string {
  return typeof said === 'string' && namePattern.test(said)
}

function isLabel(said: unknown): boolean {
  return typeof said === 'string' || typeof said === 'number'
}

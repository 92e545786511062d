import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { datasource, type Target } from './panels.ts'

type Variable = 'provider' | 'model' | 'department' | 'project' | 'budget'

/** Selects what the variables choose, of series with these labels: `{provider=~"$provider",…}`. */
export function chosen(...labels: readonly Variable[]): string {
  return `{${labels.map((label) => `${label}=~"$${label}"`).join(',')}}`
}

/** Of the families by provider and model, and of those by department, project and model. */
export const byVendor = chosen('provider', 'model')
export const byPayer = chosen('department', 'project', 'model')

const query = (refId: string, expr: string) =>
  new DataqueryBuilder().refId(refId).datasource({ type: 'prometheus', uid: datasource }).expr(expr)

/** A query over time. */
export function over(expr: string, legend: string): Target {
  return (refId) => query(refId, expr).legendFormat(legend).range()
}

/** A query of one moment: the end of the dashboard's time range. */
export function now(expr: string, legend: string): Target {
  return (refId) => query(refId, expr).legendFormat(legend).instant()
}

/** The same for a table: a row a series, a column a label. */
export function tabled(expr: string): Target {
  return (refId) => query(refId, expr).instant().format(PromQueryFormat.Table)
}

/** What a counter gained in a second, of all series that agree in these labels; in total without any. */
export function perSecond(counter: string, ...by: readonly string[]): string {
  return `${sum(by)} (rate(${counter}[$__rate_interval]))`
}

/** What a counter gained within this time. */
export function gained(counter: string, within: string, ...by: readonly string[]): string {
  return `${sum(by)} (increase(${counter}[${within}]))`
}

const sum = (by: readonly string[]) => (by.length === 0 ? 'sum' : `sum by (${by.join(', ')})`)

/** The quantile of a histogram, where `selector` chooses of its series. */
export function quantile(share: number, name: string, selector: string, ...by: readonly string[]): string {
  return `histogram_quantile(${share}, ${perSecond(`${name}_bucket${selector}`, ...by, 'le')})`
}

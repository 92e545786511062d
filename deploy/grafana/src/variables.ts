import {
  ConstantVariableBuilder,
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { datasource } from './panels.ts'

export function sourceOf(type: 'prometheus' | 'grafana-clickhouse-datasource') {
  return new DatasourceVariableBuilder('datasource').label('Data source').type(type)
}

/** What there is of a label, filtered by the variables before it. */
function labelOf(name: string, label: string, series: string) {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'prometheus', uid: datasource })
    .query(`label_values(${series}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
}

export const provider = () => labelOf('provider', 'Provider', 'ai_api_requests_total')
export const model = () => labelOf('model', 'Model', 'ai_api_requests_total{provider=~"$provider"}')
export const department = () => labelOf('department', 'Department', 'tollgate_cost_usd_total')
export const project = () => labelOf('project', 'Project', 'tollgate_cost_usd_total{department=~"$department"}')
export const budget = () => labelOf('budget', 'Budget', 'tollgate_budget_limit')

/** The share of calls that are to succeed. */
export function objective() {
  const shares = ['0.99', '0.995', '0.999']
  return new CustomVariableBuilder('objective')
    .label('Objective')
    .values(shares.join(','))
    .current({ selected: true, text: '0.995', value: '0.995' })
    .options(shares.map((value) => ({ selected: value === '0.995', text: value, value })))
}

/** What there is of a column of the store; what is empty there is `none` here. */
function columnOf(name: string, label: string) {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'grafana-clickhouse-datasource', uid: datasource })
    .query(`SELECT DISTINCT if(${name} = '', 'none', ${name}) AS value FROM \${database}.usage_hourly ORDER BY value`)
    .refresh(VariableRefresh.OnDashboardLoad)
    .multi(true)
    .includeAll(true)
}

export const storedProvider = () => columnOf('provider', 'Provider')
export const storedModel = () => columnOf('model', 'Model')
export const storedDepartment = () => columnOf('department', 'Department')
export const storedProject = () => columnOf('project', 'Project')

/** Of the store: the last part of `store.clickhouse_url`. */
export function database() {
  return new ConstantVariableBuilder('database').label('Database').value('tollgate')
}

export function userFilter() {
  return new TextBoxVariableBuilder('user').label('User contains').defaultValue('')
}

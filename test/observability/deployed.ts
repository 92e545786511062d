import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Target {
  readonly refId: string
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly expr?: string
  readonly rawSql?: string
  readonly instant?: boolean
  readonly range?: boolean
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
}

export interface Variable {
  readonly name: string
  readonly type: string
  readonly query?: unknown
  readonly datasource?: { readonly uid: string }
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}

export function dashboards(): Dashboard[] {
  const paths = globSync('deploy/grafana/dashboards/*.json', { cwd: root }).sort()
  return paths.map((path) => JSON.parse(readFileSync(root + path, 'utf8')))
}

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export const ruleFiles = globSync('deploy/prometheus/rules/*.yml', { cwd: root }).sort()
export const ruleTestFiles = globSync('deploy/prometheus/tests/*.yml', { cwd: root }).sort()

export function yamlOf<T>(path: string): T {
  return parse(readFileSync(root + path, 'utf8')) as T
}

export function rules(): Rule[] {
  return ruleFiles.flatMap((path) =>
    yamlOf<{ groups: { rules: Rule[] }[] }>(path).groups.flatMap((group) => group.rules),
  )
}

export const alerts = () => rules().filter((rule) => rule.alert !== undefined)

/** Every expression of PromQL that is deployed, with where it stands. */
export function expressions(): { where: string; expr: string }[] {
  const ofPanels = dashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).flatMap(({ expr, refId }) =>
        expr === undefined ? [] : [{ where: `${title} / ${panel.title} / ${refId}`, expr }],
      ),
    ),
  )
  return [...ofPanels, ...rules().map(({ record, alert, expr }) => ({ where: record ?? alert ?? '', expr }))]
}

import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { PanelOf } from './panels.ts'

export interface Row {
  readonly title: string
  readonly panels: readonly PanelOf[]
}

export interface DashboardFacts {
  /** Stays for good: links and stars of people hang on it. */
  readonly uid: string
  readonly title: string
  readonly description: string
  /** What is shown at first, back from now: `24h`. */
  readonly from: string
  readonly variables: readonly Builder<VariableModel>[]
  readonly rows: readonly Row[]
}

/** Panels are numbered in the order in which they stand. */
export function dashboardOf({ uid, title, description, from, variables, rows }: DashboardFacts): Dashboard {
  const others = new DashboardLinkBuilder('Tollgate')
    .type(DashboardLinkType.Dashboards)
    .tags(['tollgate'])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true)
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['tollgate'])
    .timezone('browser')
    .time({ from: `now-${from}`, to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(others)
    .variables([...variables])
  let id = 0
  for (const row of rows) {
    id += 1
    dashboard.withRow(new RowBuilder(row.title).id(id))
    for (const panel of row.panels) {
      id += 1
      dashboard.withPanel(panel(id))
    }
  }
  return dashboard.build()
}

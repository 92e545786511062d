import { costDashboard } from './cost.ts'
import { trafficDashboard } from './traffic.ts'
import { usersDashboard } from './users.ts'

/** The dashboards as files of deploy/grafana/dashboards: name and text. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const dashboard of [costDashboard(), trafficDashboard(), usersDashboard()]) {
    files.set(`${dashboard.uid ?? ''}.json`, `${JSON.stringify(dashboard, null, 2)}\n`)
  }
  return files
}

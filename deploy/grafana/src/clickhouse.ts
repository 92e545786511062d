import { datasource, type Target } from './panels.ts'

/** Grafana Labs' plugin, version 4: https://grafana.com/grafana/plugins/grafana-clickhouse-datasource/ */
export const clickHouse = 'grafana-clickhouse-datasource'

type Shape = 'table' | 'timeseries'

/** What the plugin keeps of a query in its SQL editor. Shapes have names and, for older versions, numbers. */
const formats: Readonly<Record<Shape, number>> = { timeseries: 0, table: 1 }

function query(rawSql: string, shape: Shape): Target {
  return (refId) => ({
    build: () => ({
      refId,
      datasource: { type: clickHouse, uid: datasource },
      editorType: 'sql',
      queryType: shape,
      format: formats[shape],
      rawSql,
      pluginVersion: '4.0.0',
      _implementsDataqueryVariant() {},
    }),
  })
}

export const table = (sql: string): Target => query(sql, 'table')

/** The first column is `time`, the second names the line. */
export const overTime = (sql: string): Target => query(sql, 'timeseries')

import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import {
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as GaugeBuilder } from '@grafana/grafana-foundation-sdk/gauge'
import {
  PanelBuilder as PieBuilder,
  PieChartLegendOptionsBuilder,
  PieChartLegendValues,
  PieChartType,
} from '@grafana/grafana-foundation-sdk/piechart'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** Both dashboards' data source is a variable, so that they can be imported beside any. */
export const datasource = '${datasource}'

/** What every panel has to say for itself. */
export interface About {
  readonly title: string
  /** What is shown, and what a reader may take for wrong. */
  readonly description: string
  /** One of Grafana's, see https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  readonly unit: string
  /** Of the 24 columns; by default a half, a sixth of a single figure. */
  readonly span?: number
}

/** A query, which gets its letter from the panel that it is in. */
export type Target = (refId: string) => Builder<Dataquery>

const lettered = (targets: readonly Target[]) =>
  targets.map((target, index) => target(String.fromCharCode('A'.charCodeAt(0) + index)))

/** Adds itself to what it is given; `id` numbers it. */
export type PanelOf = (id: number) => Builder<Panel>

type Kind = 'prometheus' | 'grafana-clickhouse-datasource'

const figureHeight = 4
const graphHeight = 8
const half = 12
const sixth = 4

/** Lines over time. `stacked` where their sum means something. */
export function lines(about: About, targets: readonly Target[], { stacked = false, kind = 'prometheus' as Kind } = {}) {
  return (id: number): Builder<Panel> =>
    new SeriesBuilder()
      .id(id)
      .title(about.title)
      .description(about.description)
      .datasource({ type: kind, uid: datasource })
      .unit(about.unit)
      .min(0)
      .height(graphHeight)
      .span(about.span ?? half)
      .lineWidth(1)
      .fillOpacity(stacked ? 30 : 5)
      .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group('A'))
      .legend(
        new VizLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Bottom)
          .showLegend(true)
          .calcs(['lastNotNull', 'max']),
      )
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
      .targets(lettered(targets))
}

/** Figures in green until the first step, then in the colour of each: `[[0.8, 'orange'], [1, 'red']]`. */
export type Steps = readonly (readonly [number, string])[]

function thresholds(steps: Steps): ThresholdsConfigBuilder {
  const above = steps.map(([value, color]) => ({ value, color }))
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: 'green' }, ...above])
}

const lastOfEach = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false)

/** One figure, or one for each series. */
export function figure(about: About, targets: readonly Target[], { steps = [] as Steps } = {}): PanelOf {
  return (id) =>
    new StatBuilder()
      .id(id)
      .title(about.title)
      .description(about.description)
      .datasource({ type: 'prometheus', uid: datasource })
      .unit(about.unit)
      .height(figureHeight)
      .span(about.span ?? sixth)
      .thresholds(thresholds(steps))
      .reduceOptions(lastOfEach())
      .targets(lettered(targets))
}

export function gauge(about: About, targets: readonly Target[], { steps = [] as Steps, height = graphHeight } = {}) {
  return (id: number): Builder<Panel> =>
    new GaugeBuilder()
      .id(id)
      .title(about.title)
      .description(about.description)
      .datasource({ type: 'prometheus', uid: datasource })
      .unit(about.unit)
      .min(0)
      .max(1)
      .height(height)
      .span(about.span ?? half)
      .showThresholdMarkers(true)
      .thresholds(thresholds(steps))
      .reduceOptions(lastOfEach())
      .targets(lettered(targets))
}

export function pie(about: About, targets: readonly Target[], { height = graphHeight } = {}): PanelOf {
  return (id) =>
    new PieBuilder()
      .id(id)
      .title(about.title)
      .description(about.description)
      .datasource({ type: 'prometheus', uid: datasource })
      .unit(about.unit)
      .height(height)
      .span(about.span ?? half)
      .pieType(PieChartType.Donut)
      .reduceOptions(lastOfEach())
      .legend(
        new PieChartLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Right)
          .showLegend(true)
          .values([PieChartLegendValues.Value, PieChartLegendValues.Percent]),
      )
      .targets(lettered(targets))
}

/** Rows. `units` of columns that are no plain numbers, by their names. */
export function rows(
  about: About,
  targets: readonly Target[],
  { units = {} as Readonly<Record<string, string>>, kind = 'prometheus' as Kind } = {},
): PanelOf {
  return (id) => {
    const table = new TableBuilder()
      .id(id)
      .title(about.title)
      .description(about.description)
      .datasource({ type: kind, uid: datasource })
      .unit(about.unit)
      .height(graphHeight)
      .span(about.span ?? half)
      .filterable(true)
      .targets(lettered(targets))
    for (const [name, unit] of Object.entries(units)) table.overrideByName(name, [{ id: 'unit', value: unit }])
    return table
  }
}

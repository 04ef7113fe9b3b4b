import { type Json, numberOf, objectOf, rowsOf } from '../connection/json-value.ts'
import { Empty } from '../parts/panel.tsx'
import { TimeChart } from '../parts/time-chart.tsx'
import { hrefOf } from '../state/route.ts'
import { shownUsd } from '../state/shown-numbers.ts'

/** What tasks cost, and what the premium model would have cost, over time. */
export function CostChart({ data }: { readonly data: Json | undefined }) {
  const points = rowsOf(objectOf(objectOf(data)['series'])['points'])
  const isIdle = points.every((point) => (numberOf(point['tasks']) ?? 0) === 0)
  if (data === undefined) return <p class="loading">Asking the node …</p>
  if (isIdle)
    return (
      <Empty title="No task in this time">
        <a href={hrefOf('run')}>Run a task</a> to see what it costs and saves.
      </Empty>
    )
  const valuesOf = (name: string): readonly number[] => points.map((point) => numberOf(point[name]) ?? 0)
  return (
    <TimeChart
      title="Cost over time"
      at={points.map((point) => numberOf(point['at']) ?? 0)}
      format={shownUsd}
      series={[
        { name: 'at premium, estimated', tone: 'line-muted', values: valuesOf('premium_cost_usd') },
        { name: 'cost', tone: 'line-accent', values: valuesOf('cost_usd') },
      ]}
    />
  )
}

import { useState } from 'preact/hooks'
import { type Json, numberOf, objectOf, rowsOf } from '../connection/json-value.ts'
import { Empty, Loaded, Panel, Part } from '../parts/panel.tsx'
import { TimeChart } from '../parts/time-chart.tsx'
import { shownCount, shownDay, shownPart, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'

const DAYS = [7, 30, 90] as const

/** What tasks cost and saved by day, over restarts of the node, from the sums that it keeps. */
export function HistoryPanel() {
  const [days, setDays] = useState<(typeof DAYS)[number]>(30)
  const view = useView(`/v1/node/costs/history?days=${days}`, ['tasks'])
  return (
    <Panel
      title="By day, also before the start"
      size="full"
      aside={
        <div class="switch" role="group" aria-label="Days">
          {DAYS.map((each) => (
            <button key={each} type="button" aria-pressed={each === days} onClick={() => setDays(each)}>
              {each} days
            </button>
          ))}
        </div>
      }
    >
      <Loaded view={view}>
        {(data) => <Part part={objectOf(data)['history']}>{(history) => <History history={history} />}</Part>}
      </Loaded>
    </Panel>
  )
}

function History({ history }: { readonly history: Json }) {
  const days = rowsOf(objectOf(history)['days'])
  const valuesOf = (name: string): readonly number[] => days.map((day) => numberOf(day[name]) ?? 0)
  const sumOf = (name: string): number => valuesOf(name).reduce((sum, value) => sum + value, 0)
  const [tasks, cost, saved] = [sumOf('tasks'), sumOf('cost_usd'), sumOf('saved_usd')]
  if (tasks === 0) return <Empty title="No record of these days">Tasks are recorded as they end.</Empty>
  return (
    <>
      <p class="dim">
        {shownCount(tasks)} tasks cost <strong>{shownUsd(cost)}</strong> and saved <strong>{shownUsd(saved)}</strong>,{' '}
        {shownPart(saved, cost + saved)} of what the premium model would have cost. Days are of UTC.
      </p>
      <TimeChart
        title="Cost and savings by day"
        at={days.map((day) => numberOf(day['at']) ?? 0)}
        format={shownUsd}
        nameOf={shownDay}
        series={[
          { name: 'saved, estimated', tone: 'line-muted', values: valuesOf('saved_usd') },
          { name: 'cost', tone: 'line-accent', values: valuesOf('cost_usd') },
        ]}
      />
    </>
  )
}

import { useState } from 'preact/hooks'
import { type Json, type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Loaded, PageHead, Panel, Stat } from '../parts/panel.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { Tier } from '../parts/task-badges.tsx'
import { Words } from '../parts/words.tsx'
import { shownCount, shownMs, shownPart, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { CostChart } from './cost-chart.tsx'
import { HistoryPanel } from './history-panel.tsx'

const SPANS = ['hour', 'day', 'month'] as const
type Span = (typeof SPANS)[number]

/** What was spent and saved: over time, by tier, model and tenant; and what the checks said of answers. */
export function CostsPage() {
  const [span, setSpan] = useState<Span>('hour')
  const view = useView(`/v1/node/costs?span=${span}`, ['tasks'])
  return (
    <>
      <PageHead
        title="Costs"
        lead="What tasks cost since the node started, and what the premium model would have cost for them."
      >
        <div class="switch" role="group" aria-label="Time">
          {SPANS.map((each) => (
            <button key={each} type="button" aria-pressed={each === span} onClick={() => setSpan(each)}>
              {each}
            </button>
          ))}
        </div>
      </PageHead>
      <Loaded view={view}>
        {(data) => (
          <>
            <Figures totals={objectOf(objectOf(data)['totals'])} />
            <div class="panels">
              <Panel title={`The last ${span}`} size="wide">
                <CostChart data={data} />
              </Panel>
              <Panel title="Verification">
                <Verification totals={objectOf(objectOf(data)['totals'])} />
              </Panel>
              <HistoryPanel />
              <Panel title="Tiers" size="full">
                <Totals caption="Totals by tier" data={data} member="tiers" />
              </Panel>
              <Panel title="Models" size="half">
                <Totals caption="Totals by model" data={data} member="models" />
              </Panel>
              <Panel title="Tenants" size="half">
                <Totals caption="Totals by tenant" data={data} member="tenants" />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </>
  )
}

function Figures({ totals }: { readonly totals: JsonObject }) {
  const figure = (name: string): number | undefined => numberOf(totals[name])
  return (
    <dl class="stats">
      <Stat
        label="Cost"
        value={shownUsd(figure('cost_usd'))}
        hint={`${shownCount(figure('unknown_costs'))} tasks of unknown cost`}
      />
      <Stat
        label="At premium"
        value={shownUsd(figure('premium_cost_usd'))}
        hint={`estimated for ${shownCount(figure('compared'))} tasks`}
      />
      <Stat
        label="Saved"
        tone="good"
        value={shownUsd(figure('saved_usd'))}
        hint={`${shownPart(figure('saved_usd'), figure('premium_cost_usd'))} of it`}
      />
      <Stat label="Tokens in" value={shownCount(figure('tokens_in'))} />
      <Stat label="Tokens out" value={shownCount(figure('tokens_out'))} />
    </dl>
  )
}

function Verification({ totals }: { readonly totals: JsonObject }) {
  const figure = (name: string): number => numberOf(totals[name]) ?? 0
  const unchecked = figure('tasks') - figure('accepted') - figure('refused')
  return (
    <ShareBar
      label="What the checks said"
      shares={[
        { name: 'accepted', value: figure('accepted'), tone: 'good' },
        { name: 'refused', value: figure('refused'), tone: 'bad' },
        { name: 'not checked', value: Math.max(0, unchecked), tone: 'series-none' },
      ]}
    />
  )
}

function Totals({
  caption,
  data,
  member,
}: {
  readonly caption: string
  readonly data: Json
  readonly member: 'tiers' | 'models' | 'tenants'
}) {
  const rows = rowsOf(objectOf(data)[member]).toSorted(
    (one, other) => (numberOf(other['cost_usd']) ?? 0) - (numberOf(one['cost_usd']) ?? 0),
  )
  return (
    <DataTable
      caption={caption}
      rows={rows}
      empty={<p class="none">No task yet.</p>}
      columns={[
        {
          heading: member.slice(0, -1),
          cell: (row) =>
            member === 'tiers' ? <Tier tier={textOf(row['name'])} /> : <Words text={textOf(row['name'])} most={60} />,
        },
        { heading: 'tasks', isNumber: true, cell: (row) => shownCount(numberOf(row['tasks'])) },
        { heading: 'failed', isNumber: true, cell: (row) => shownCount(numberOf(row['failed'])) },
        { heading: 'cost', isNumber: true, cell: (row) => shownUsd(numberOf(row['cost_usd'])) },
        { heading: 'saved', isNumber: true, cell: (row) => shownUsd(numberOf(row['saved_usd'])) },
        { heading: 'mean time', isNumber: true, cell: (row) => shownMs(numberOf(row['mean_latency_ms'])) },
      ]}
    />
  )
}

import { useMemo, useState } from 'preact/hooks'
import { visibleText } from '../state/visible-text.ts'
import { type ChartLayout, edgePath, layOut, NODE_HEIGHT, NODE_WIDTH, type Place } from './chart-layout.ts'
import { DataTable } from './data-table.tsx'
import { Words } from './words.tsx'

export type ChartState = { readonly id: string; readonly isInitial?: boolean; readonly isFinal?: boolean }

export type ChartStep = {
  readonly from: string
  /** Where it stays, the same as `from`. */
  readonly to: string
  readonly event: string
  /** Under which condition, by whom. */
  readonly detail: string
}

type StateChartProps = {
  readonly title: string
  readonly states: readonly ChartState[]
  readonly steps: readonly ChartStep[]
  /** States that it is in; none where that is not known. */
  readonly current: ReadonlySet<string>
  /** `FROM>TO` of the steps that were taken. */
  readonly taken?: ReadonlySet<string>
}

const STATES_MAX = 120
const LABEL_MAX = 18

/** States and the steps between them as a picture, and all steps as a table. */
export function StateChart(props: StateChartProps) {
  const { title, states, steps, current, taken = NONE } = props
  const [isTable, setTable] = useState(states.length > STATES_MAX)
  const edges = useMemo(() => edgesOf(steps), [steps])
  const layout = useMemo(() => layOut(states, edges), [states, edges])
  return (
    <figure class="chart">
      <figcaption>
        <span class="dim">
          {states.length} states, {steps.length} steps
        </span>
        <button type="button" class="quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'As a chart' : 'As a table'}
        </button>
      </figcaption>
      {isTable ? (
        <Steps title={title} steps={steps} current={current} />
      ) : (
        <div class="sideways" tabIndex={0} role="group" aria-label={title}>
          <Picture {...props} taken={taken} edges={edges} layout={layout} />
        </div>
      )}
    </figure>
  )
}

const NONE: ReadonlySet<string> = new Set()

type Edge = { readonly from: string; readonly to: string; readonly events: readonly string[] }

function edgesOf(steps: readonly ChartStep[]): readonly Edge[] {
  return [...Map.groupBy(steps, ({ from, to }) => `${from}>${to}`).values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ from: first.from, to: first.to, events: group.map(({ event }) => event) }]
  })
}

type PictureProps = StateChartProps & {
  readonly taken: ReadonlySet<string>
  readonly edges: readonly Edge[]
  readonly layout: ChartLayout
}

function Picture({ title, states, current, taken, edges, layout }: PictureProps) {
  const { places, width, height } = layout
  const label = `${title}: ${states.map(({ id }) => visibleText(id)).join(', ')}. In ${[...current].map(visibleText).join(', ') || 'none of them'}.`
  return (
    <svg
      class="statechart"
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: `${width}px` }}
      role="img"
      aria-label={label}
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path d="M0 0L8 4L0 8Z" />
        </marker>
      </defs>
      {edges.map((edge) => (
        <Line
          key={`${edge.from}>${edge.to}`}
          edge={edge}
          places={places}
          width={width}
          kind={kindOf(edge, current, taken)}
        />
      ))}
      {states.map((state) => {
        const place = places.get(state.id)
        return place && <Box key={state.id} state={state} place={place} isCurrent={current.has(state.id)} />
      })}
    </svg>
  )
}

function kindOf({ from, to }: Edge, current: ReadonlySet<string>, taken: ReadonlySet<string>): string {
  if (taken.has(`${from}>${to}`)) return 'taken'
  return current.has(from) ? 'next' : 'other'
}

type LineProps = {
  readonly edge: Edge
  readonly places: ChartLayout['places']
  readonly width: number
  readonly kind: string
}

function Line({ edge, places, width, kind }: LineProps) {
  const [from, to] = [places.get(edge.from), places.get(edge.to)]
  if (from === undefined || to === undefined || edge.from === edge.to) return null
  return (
    <path class={`edge ${kind}`} d={edgePath(from, to, width)} marker-end="url(#arrow)">
      <title>{visibleText(`${edge.from} → ${edge.to}: ${edge.events.join(', ')}`)}</title>
    </path>
  )
}

type BoxProps = { readonly state: ChartState; readonly place: Place; readonly isCurrent: boolean }

function Box({ state: { id, isInitial, isFinal }, place, isCurrent }: BoxProps) {
  const text = visibleText(id)
  return (
    <g class={`state${isCurrent ? ' current' : ''}${isFinal === true ? ' final' : ''}`}>
      <rect x={place.x - NODE_WIDTH / 2} y={place.y - NODE_HEIGHT / 2} width={NODE_WIDTH} height={NODE_HEIGHT} rx={8} />
      {isInitial === true && <circle cx={place.x - NODE_WIDTH / 2 + 12} cy={place.y} r={3.5} />}
      <text x={place.x} y={place.y + 4} text-anchor="middle">
        {text.length <= LABEL_MAX ? text : `…${text.slice(1 - LABEL_MAX)}`}
        <title>{text}</title>
      </text>
    </g>
  )
}

function Steps({
  title,
  steps,
  current,
}: {
  readonly title: string
  readonly steps: readonly ChartStep[]
  readonly current: ReadonlySet<string>
}) {
  return (
    <DataTable
      caption={`${title}, steps`}
      rows={steps}
      columns={[
        {
          heading: 'in',
          cell: ({ from }) =>
            current.has(from) ? (
              <strong>
                <Words text={from} />
              </strong>
            ) : (
              <Words text={from} />
            ),
        },
        { heading: 'when', cell: ({ event }) => <Words text={event} /> },
        { heading: 'to', cell: ({ from, to }) => (from === to ? 'stays' : <Words text={to} />) },
        { heading: 'if', cell: ({ detail }) => <Words text={detail} /> },
      ]}
    />
  )
}

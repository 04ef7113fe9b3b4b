import {
  isTrue,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  rowsOf,
  textOf,
} from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Icon } from '../parts/icon.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, Part, Stat, type Tone } from '../parts/panel.tsx'
import { StateChart } from '../parts/state-chart.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Words } from '../parts/words.tsx'
import { hrefOf } from '../state/route.ts'
import { shownCount, shownInstant } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { statesOfValue, stepsOfChart, statesOfChart } from './agent-chart.ts'
import type { PageProps } from './page-props.ts'
import { shownOf } from '../state/visible-text.ts'

const STATUS_TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  waiting: 'warn',
  starting: 'accent',
  ended: 'bad',
}

const COLUMNS: readonly Column<JsonObject>[] = [
  {
    heading: 'actor',
    width: 'minmax(10rem, 2fr)',
    cell: (row) => {
      const id = textOf(row['id'])
      const depth = Math.min(6, id.split('/').length - 1)
      return (
        <span class={`depth-${depth}`}>
          <Words text={depth === 0 ? id : (id.split('/').at(-1) ?? id)} most={60} />
        </span>
      )
    },
  },
  { heading: 'kind', width: '7rem', isExtra: true, cell: (row) => <Words text={textOf(row['kind'])} most={20} /> },
  {
    heading: 'status',
    width: '6rem',
    cell: (row) => (
      <Badge tone={STATUS_TONES[textOf(row['status'])] ?? 'plain'}>
        <Words text={textOf(row['status'])} most={20} />
      </Badge>
    ),
  },
  {
    heading: 'state',
    width: 'minmax(6rem, 1fr)',
    isExtra: true,
    cell: (row) => <Words text={shownOf(row['state']) || '–'} most={60} />,
  },
  { heading: 'mailbox', width: '5rem', isNumber: true, cell: (row) => shownCount(numberOf(row['mailbox'])) },
  {
    heading: 'failures',
    width: '5rem',
    isNumber: true,
    isExtra: true,
    cell: (row) => shownCount(numberOf(row['failures'])),
  },
]

/** The tree of actors, their mailboxes, what supervisors did, and the chart of any of them. */
export function AgentsPage({ id }: PageProps) {
  const view = useView('/v1/node/agents?limit=10000', ['supervision', 'tick'])
  return (
    <>
      <PageHead title="Agents" lead="Actors that live on this node, who supervises whom, and what waits for each." />
      <Loaded view={view}>
        {(data) => (
          <>
            <Figures data={data} />
            <div class={id === undefined ? 'with-detail' : 'with-detail open'}>
              <section class="panel" aria-label="Actors">
                <VirtualTable
                  label="Actors"
                  columns={COLUMNS}
                  rows={inTreeOrder(rowsOf(objectOf(data)['actors']))}
                  keyOf={(row) => textOf(row['id'])}
                  hrefOf={(row) => hrefOf('agents', textOf(row['id']))}
                  isCompact={id !== undefined}
                  isChosen={(row) => textOf(row['id']) === id}
                  empty={<Empty title="No actor lives on this node">The node starts them with the first work.</Empty>}
                />
              </section>
              {id !== undefined && <Detail id={id} />}
            </div>
            <div class="panels">
              <Panel title="What supervisors saw" size="full">
                <Supervision rows={rowsOf(objectOf(objectOf(data)['supervision'])['events'])} />
              </Panel>
              <Panel title="Durable actors" size="full">
                <Part part={objectOf(data)['stored']}>{(value) => <Stored value={value} />}</Part>
              </Panel>
            </div>
          </>
        )}
      </Loaded>
    </>
  )
}

function Figures({ data }: { readonly data: Json }) {
  const { total, dead_letters: deadLetters, supervision, actors } = objectOf(data)
  const waiting = rowsOf(actors).reduce((sum, actor) => sum + (numberOf(actor['mailbox']) ?? 0), 0)
  return (
    <dl class="stats">
      <Stat label="Actors" value={shownCount(numberOf(total))} />
      <Stat label="Waiting messages" value={shownCount(waiting)} />
      <Stat label="Dead letters" value={shownCount(numberOf(deadLetters))} />
      <Stat label="Supervision events" value={shownCount(numberOf(objectOf(supervision)['count']))} />
    </dl>
  )
}

/** Children below their parents. */
function inTreeOrder(rows: readonly JsonObject[]): readonly JsonObject[] {
  const below = Map.groupBy(rows, (row) => textOf(row['parent']))
  const placed: JsonObject[] = []
  const waiting = [...(below.get('') ?? [])].toReversed()
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    placed.push(row)
    waiting.push(...(below.get(textOf(row['id'], '\u0000')) ?? []).toReversed())
  }
  // What is above some of them may be beyond those that were sent.
  return placed.length === rows.length ? placed : rows
}

function Detail({ id }: { readonly id: string }) {
  const view = useView(`/v1/node/agents/${encodeURIComponent(id)}`, ['supervision', 'tick'])
  return (
    <Panel
      title="Actor"
      aside={
        <a class="icon-button" href={hrefOf('agents')} aria-label="Close">
          <Icon name="close" />
        </a>
      }
    >
      <Loaded view={view}>
        {(data) => {
          const { actor, statechart, supervision } = objectOf(data)
          const row = objectOf(actor)
          return (
            <>
              <Facts
                rows={[
                  ['id', <Words key="id" text={textOf(row['id'])} />],
                  ['agent', <Words key="agent" text={textOf(row['agent'])} most={80} />],
                  ['status', <Words key="status" text={textOf(row['status'])} most={20} />],
                  [
                    'mailbox',
                    `${shownCount(numberOf(row['mailbox']))} of ${numberOf(row['mailbox_max']) === undefined ? 'any number' : shownCount(numberOf(row['mailbox_max']))}`,
                  ],
                  ['durable', isTrue(row['is_durable']) ? 'yes' : 'no'],
                  ['children', shownCount(numberOf(row['children']))],
                ]}
              />
              <h3>Statechart</h3>
              <Chart chart={statechart} state={row['state']} />
              <h3>What its supervisor saw</h3>
              <Supervision rows={rowsOf(supervision)} />
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}

function Chart({ chart, state }: { readonly chart: Json | undefined; readonly state: Json | undefined }) {
  if (chart === null || chart === undefined)
    return (
      <p class="none">
        Its behaviour is a plain function of state and message, or a supervisor: it has no states to draw.
      </p>
    )
  const document = objectOf(chart)
  return (
    <StateChart
      title={`Statechart of ${textOf(document['id'])}`}
      states={statesOfChart(document)}
      steps={stepsOfChart(document)}
      current={statesOfValue(state)}
    />
  )
}

const EVENT_WORDS: Readonly<Record<string, { readonly word: string; readonly tone: Tone }>> = {
  'actor-failed': { word: 'failed', tone: 'bad' },
  'actor-restarted': { word: 'restarted', tone: 'warn' },
  'restart-intensity-exceeded': { word: 'gave up', tone: 'bad' },
  'actor-lost': { word: 'lost', tone: 'bad' },
}

function Supervision({ rows }: { readonly rows: readonly JsonObject[] }) {
  return (
    <DataTable
      caption="Supervision events"
      rows={rows}
      empty={<p class="none">No failure and no restart since the start.</p>}
      columns={[
        { heading: 'at', cell: (row) => shownInstant(numberOf(row['at'])) },
        {
          heading: 'what',
          cell: (row) => {
            const type = textOf(row['type'])
            const known = EVENT_WORDS[type]
            return <Badge tone={known?.tone ?? 'plain'}>{known?.word ?? <Words text={type} most={40} />}</Badge>
          },
        },
        { heading: 'actor', cell: (row) => <Words text={textOf(row['actor'])} most={80} /> },
        { heading: 'message', cell: (row) => <Words text={textOf(row['message'])} most={300} /> },
      ]}
    />
  )
}

function Stored({ value }: { readonly value: Json }) {
  const { actors } = objectOf(value)
  return (
    <DataTable
      caption="Stored actors"
      rows={listOf(actors).map(objectOf)}
      empty={
        <Empty title="Nothing is stored">
          Actors with <code>durable: true</code> outlive the process, and show here.
        </Empty>
      }
      columns={[
        { heading: 'actor', cell: (row) => <Words text={textOf(row['id'])} most={80} /> },
        {
          heading: 'agent',
          cell: (row) => <Words text={`${textOf(row['agent'])} ${shownOf(row['version'])}`} most={80} />,
        },
        { heading: 'turns', isNumber: true, cell: (row) => shownCount(numberOf(row['commits'])) },
        { heading: 'waiting', isNumber: true, cell: (row) => shownCount(numberOf(row['waiting'])) },
        { heading: 'timers', isNumber: true, cell: (row) => shownCount(numberOf(row['timers'])) },
        { heading: 'effects', isNumber: true, cell: (row) => shownCount(numberOf(row['effects'])) },
        { heading: 'in memory', cell: (row) => (isTrue(row['isInMemory']) ? 'yes' : 'no') },
      ]}
    />
  )
}

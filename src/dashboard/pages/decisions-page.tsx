import { useMemo, useState } from 'preact/hooks'
import { objectOf } from '../connection/json-value.ts'
import { Explanation } from '../parts/explanation.tsx'
import { Empty, Facts, Loaded, PageHead, Panel } from '../parts/panel.tsx'
import { Outcome, outcomeOf, Tier } from '../parts/task-badges.tsx'
import { type Column, VirtualTable } from '../parts/virtual-table.tsx'
import { Icon } from '../parts/icon.tsx'
import { Name, Words } from '../parts/words.tsx'
import { tasks } from '../state/node-state.ts'
import { hrefOf } from '../state/route.ts'
import { shownCount, shownInstant, shownMs, shownTime, shownUsd } from '../state/shown-numbers.ts'
import { type TaskRow, taskRowOf } from '../state/task-list.ts'
import { useView } from '../state/use-view.ts'
import type { PageProps } from './page-props.ts'

const COLUMNS: readonly Column<TaskRow>[] = [
  { heading: 'at', width: '5.5rem', cell: ({ at }) => shownTime(at) },
  { heading: 'answered by', width: 'minmax(7rem, 1fr)', cell: ({ tier }) => <Tier tier={tier} /> },
  {
    heading: 'model',
    width: 'minmax(8rem, 1.6fr)',
    isExtra: true,
    cell: ({ model }) => <Words text={model === '' ? '–' : model} most={60} />,
  },
  { heading: 'outcome', width: 'minmax(6rem, 0.8fr)', cell: (task) => <Outcome task={task} /> },
  {
    heading: 'tenant',
    width: 'minmax(5rem, 0.8fr)',
    isExtra: true,
    cell: ({ tenant }) => <Words text={tenant} most={40} />,
  },
  { heading: 'cost', width: '6.5rem', isNumber: true, isExtra: true, cell: ({ costUsd }) => shownUsd(costUsd) },
  { heading: 'time', width: '5rem', isNumber: true, isExtra: true, cell: ({ latencyMs }) => shownMs(latencyMs) },
]

/** Every task as it ends, and why it went where it went. */
export function DecisionsPage({ id }: PageProps) {
  const [filter, setFilter] = useState('')
  const [kept, setKept] = useState<readonly TaskRow[]>()
  const version = tasks.version.value
  const rows = useMemo(() => kept ?? shownRows(filter), [version, filter, kept])
  const isPaused = kept !== undefined
  return (
    <>
      <PageHead
        title="Decisions"
        lead="Every task as it ends, newest first. Open one to see why it went where it went."
      >
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter decisions"
          value={filter}
          onInput={(event) => {
            setKept(undefined)
            setFilter(event.currentTarget.value)
          }}
        />
        <button type="button" aria-pressed={isPaused} onClick={() => setKept(isPaused ? undefined : shownRows(filter))}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      <div class={id === undefined ? 'with-detail' : 'with-detail open'}>
        <section class="panel" aria-label="Decisions">
          <VirtualTable
            label="Decisions"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ seq }) => seq}
            hrefOf={(task) => hrefOf('decisions', task.id)}
            isCompact={id !== undefined}
            isChosen={(task) => task.id === id}
            visibleMax={16}
            empty={<NoRows isFiltered={filter !== ''} />}
          />
          <p class="table-foot" role="status">
            {shownCount(rows.length)} of {shownCount(tasks.all.length)} tasks
            {tasks.skipped.value > 0 && `, ${shownCount(tasks.skipped.value)} came too quickly to be listed`}
          </p>
        </section>
        {id !== undefined && <Detail id={id} />}
      </div>
    </>
  )
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return <Empty title="No task fits the filter">It looks at model, tier, tenant, outcome, policy and id.</Empty>
  return (
    <Empty title="No task since the node started">
      <a href={hrefOf('run')}>Run one from this page</a>, or send one to <code>/v1/chat/completions</code>: it shows
      here as soon as it ends.
    </Empty>
  )
}

/** Newest first. */
function shownRows(filter: string): readonly TaskRow[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const all = tasks.all.toReversed()
  if (words.length === 0) return all
  return all.filter((task) => {
    const { id, model, tier, tenant, policy, domain, route, trigger } = task
    const text = [id, model, tier, tenant, policy, domain, route, trigger, outcomeOf(task).word].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

function Detail({ id }: { readonly id: string }) {
  const view = useView(`/v1/node/decisions/${encodeURIComponent(id)}`, ['snapshot'])
  return (
    <Panel
      title="Decision"
      aside={
        <a class="icon-button" href={hrefOf('decisions')} aria-label="Close">
          <Icon name="close" />
        </a>
      }
    >
      <Loaded view={view}>
        {(data) => {
          const given = objectOf(data)['task']
          const task = given === null || given === undefined ? undefined : taskRowOf(objectOf(given))
          return (
            <>
              {task !== undefined && (
                <Facts
                  rows={[
                    ['task', <Name key="id" text={task.id} most={28} />],
                    ['ended', shownInstant(task.at)],
                    ['outcome', <Outcome key="outcome" task={task} />],
                    ['answered by', <Tier key="tier" tier={task.tier} />],
                    ['model', <Words key="model" text={task.model === '' ? '–' : task.model} most={80} />],
                    ['tenant', <Words key="tenant" text={task.tenant} most={60} />],
                    ['cost', shownUsd(task.costUsd)],
                    ['time', shownMs(task.latencyMs)],
                    ...(task.trigger === ''
                      ? []
                      : [
                          [
                            'left its plan by',
                            <code key="trigger">
                              <Words text={task.trigger} most={80} />
                            </code>,
                          ] as const,
                        ]),
                  ]}
                />
              )}
              <Explanation data={data} />
            </>
          )
        }}
      </Loaded>
    </Panel>
  )
}

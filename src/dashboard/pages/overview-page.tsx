import { isTrue, type Json, type JsonObject, numberOf, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Badge, Empty, Facts, Loaded, PageHead, Panel, Stat, type Tone } from '../parts/panel.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { Outcome, Tier, tierTone } from '../parts/task-badges.tsx'
import { Remark, Words } from '../parts/words.tsx'
import { tasks } from '../state/node-state.ts'
import { hrefOf } from '../state/route.ts'
import { shownCount, shownMs, shownPart, shownSpan, shownTime, shownUsd } from '../state/shown-numbers.ts'
import { useView } from '../state/use-view.ts'
import { CostChart } from './cost-chart.tsx'

/** What is going on, what it costs and what is not well, in one look. */
export function OverviewPage() {
  const overview = useView('/v1/node/overview', ['tasks', 'rights', 'policies', 'supervision', 'configuration'])
  const costs = useView('/v1/node/costs?span=hour', ['tasks'])
  return (
    <>
      <PageHead title="Overview" lead="What the node decided, what it cost, and what is not well." />
      <Loaded view={overview}>
        {(data) => (
          <>
            <Figures totals={objectOf(objectOf(data)['totals'])} />
            <div class="panels">
              <Panel title="Cost of the last hour" size="wide">
                <CostChart data={costs.data} />
              </Panel>
              <Panel title="Who answered">
                <Tiers data={costs.data} />
              </Panel>
              <Panel title="Last decisions" size="wide" aside={<a href={hrefOf('decisions')}>All decisions</a>}>
                <LastTasks />
              </Panel>
              <Panel title="In force">
                <InForce data={data} />
              </Panel>
              <Panel title="Health" size="full" aside={<HealthBadge data={data} />}>
                <Checks data={data} />
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
  const checked = (figure('accepted') ?? 0) + (figure('refused') ?? 0)
  const unknown = figure('unknown_costs') ?? 0
  return (
    <dl class="stats" aria-label="Since the start">
      <Stat label="Tasks" value={shownCount(figure('tasks'))} hint={`${shownCount(figure('failed'))} failed`} />
      <Stat
        label="Cost"
        value={shownUsd(figure('cost_usd'))}
        hint={unknown > 0 ? `${shownCount(unknown)} unknown` : 'since the start'}
      />
      <Stat
        label="Saved"
        tone="good"
        value={shownUsd(figure('saved_usd'))}
        hint={
          (figure('compared') ?? 0) === 0
            ? 'nothing to compare with'
            : `of ${shownUsd(figure('premium_cost_usd'))} at premium`
        }
      />
      <Stat
        label="From cache"
        value={shownPart(figure('cached'), figure('tasks'))}
        hint={`${shownCount(figure('cached'))} tasks`}
      />
      <Stat
        label="Accepted"
        value={shownPart(figure('accepted'), checked)}
        hint={`${shownCount(checked)} were checked`}
      />
      <Stat
        label="Mean time"
        value={(figure('tasks') ?? 0) === 0 ? '–' : shownMs(figure('mean_latency_ms'))}
        hint={`${shownCount(figure('escalated'))} escalated`}
      />
    </dl>
  )
}

function Tiers({ data }: { readonly data: Json | undefined }) {
  const tiers = rowsOf(objectOf(data)['tiers'])
  if (tiers.length === 0) return <Empty title="No task yet">Tiers show here once tasks are answered.</Empty>
  return (
    <ShareBar
      label="Tasks by tier"
      shares={tiers
        .map((tier) => ({
          name: textOf(tier['name']).replaceAll('_', ' '),
          value: numberOf(tier['tasks']) ?? 0,
          tone: tierTone(textOf(tier['name'])),
        }))
        .toSorted((one, other) => other.value - one.value)}
    />
  )
}

const CHECK_TONES: Readonly<Record<string, Tone>> = { ok: 'good', warning: 'warn', failed: 'bad' }
const CHECK_ORDER: readonly string[] = ['failed', 'warning', 'ok']

function HealthBadge({ data }: { readonly data: Json }) {
  return isTrue(objectOf(data)['is_ready']) ? <Badge tone="good">ready</Badge> : <Badge tone="bad">not ready</Badge>
}

function Checks({ data }: { readonly data: Json }) {
  const order = (check: JsonObject): number => CHECK_ORDER.indexOf(textOf(check['state']))
  const checks = rowsOf(objectOf(data)['checks']).toSorted((one, other) => order(one) - order(other))
  return (
    <ul class="checks" role="list" tabIndex={0} aria-label="Checks">
      {checks.map((check) => (
        <li key={textOf(check['name'])}>
          <Badge tone={CHECK_TONES[textOf(check['state'])] ?? 'plain'}>
            <Words text={textOf(check['state'])} most={20} />
          </Badge>
          <div>
            <strong>
              <Words text={textOf(check['name'])} most={80} />
            </strong>
            <p>
              <Words text={textOf(check['detail'])} most={400} />
            </p>
            {textOf(check['remedy']) !== '' && (
              <p class="dim">
                <Remark text={textOf(check['remedy'])} />
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

const LAST_MAX = 8

function LastTasks() {
  const count = tasks.version.value
  const rows = count >= 0 ? tasks.all.slice(-LAST_MAX).toReversed() : []
  return (
    <DataTable
      caption="Last decisions"
      rows={rows}
      empty={
        <Empty title="No task since the node started">
          <a href={hrefOf('run')}>Run one from this page</a>, or send one to <code>/v1/chat/completions</code>.
        </Empty>
      }
      columns={[
        { heading: 'at', cell: (task) => <a href={hrefOf('decisions', task.id)}>{shownTime(task.at)}</a> },
        { heading: 'answered by', cell: (task) => <Tier tier={task.tier} /> },
        { heading: 'model', cell: (task) => <Words text={task.model === '' ? '–' : task.model} most={40} /> },
        { heading: 'outcome', cell: (task) => <Outcome task={task} /> },
        { heading: 'cost', isNumber: true, cell: (task) => shownUsd(task.costUsd) },
        { heading: 'time', isNumber: true, cell: (task) => shownMs(task.latencyMs) },
      ]}
    />
  )
}

function InForce({ data }: { readonly data: Json }) {
  const { version, uptime_s: uptime, models, rollout, configuration, actors } = objectOf(data)
  const { available, known } = objectOf(models)
  const serving = objectOf(objectOf(rollout)['value'])
  const conf = objectOf(configuration)
  const candidate = textOf(serving['candidate'])
  return (
    <Facts
      rows={[
        ['version', <Words key="version" text={textOf(version)} most={40} />],
        ['running for', shownSpan(numberOf(uptime))],
        ['models', `${shownCount(numberOf(available))} of ${shownCount(numberOf(known))} can be called`],
        ['policy', <Words key="policy" text={textOf(serving['incumbent'], 'unknown')} most={60} />],
        ...(candidate === '' ? [] : [['candidate', <Words key="candidate" text={candidate} most={60} />] as const]),
        ['actors', shownCount(numberOf(objectOf(actors)['total']))],
        ['keys', shownCount(numberOf(conf['keys']))],
        ['records', isTrue(conf['records']) ? 'kept' : 'not kept'],
        ['data', <Words key="data" text={textOf(conf['data_directory'])} />],
      ]}
    />
  )
}

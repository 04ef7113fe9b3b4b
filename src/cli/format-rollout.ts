import type { JsonValue } from '../base/canonical-json.ts'
import { formatDuration, formatPercent, formatUsd } from '../base/format.ts'
import { formatTable, type Column } from './format-table.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'

/** Where the rollout stands, for people. `status` is the document of the control endpoint. */
export function formatStatus(status: JsonValue, width: number): string {
  const stage = textOf(status, 'stage')
  const candidate = textOf(status, 'candidate')
  const incumbent = textOf(status, 'incumbent')
  const lines =
    candidate === ''
      ? [`${incumbent} answers everything`]
      : [
          `${stage}: ${candidate} ${shareOf(stage, numberOf(status, 'percent') ?? 0)}`,
          `beside ${incumbent}, which a rollback goes back to`,
        ]
  if (membersOf(status)['is_suspended'] === true)
    lines.push(`Suspended: the configuration names ${textOf(status, 'configured')}, and that one answers`)
  if (membersOf(status)['is_paused'] === true)
    lines.push('Paused: it takes no step by itself until it is resumed or promoted further by hand')
  return [
    ...lines,
    ...progressOf(status),
    ...onlineOf(status),
    ...armsOf(status, width),
    ...saidOf(status),
    ...driftOf(status),
    ...historyOf(status, width),
  ].join('\n')
}

/** What a promotion, a pause or a rollback did, in a line or two. */
export function formatResult(result: JsonValue): string {
  const status = membersOf(result)['status'] ?? null
  const stage = textOf(status, 'stage')
  const candidate = textOf(status, 'candidate')
  const where =
    candidate === ''
      ? `${textOf(status, 'incumbent')} answers everything`
      : `${candidate} ${shareOf(stage, numberOf(status, 'percent') ?? 0)}, beside ${textOf(status, 'incumbent')}`
  const told = membersOf(status)['is_paused'] === true ? `${where}; paused, it goes no step further by itself` : where
  return textOf(result, 'effect') === 'exists' ? `It was so already: ${told}` : told
}

function shareOf(stage: string, percent: number): string {
  if (stage === 'shadow') return 'is tried in the shadow'
  return stage === 'full' ? 'answers everything' : `answers ${percent} % of the conversations`
}

function progressOf(status: JsonValue): readonly string[] {
  const [requests, needed] = [numberOf(status, 'requests') ?? 0, numberOf(status, 'requests_needed')]
  const since = numberOf(status, 'since')
  if (since === undefined) return []
  const went = `${requests} requests of the candidate since ${new Date(since).toISOString()}`
  const progress = needed === undefined ? went : `${went}; it goes on by itself after ${needed} clean ones`
  const unwatched =
    membersOf(status)['is_compared'] === false
      ? ['Nothing is known of the policy before it to compare with: only the limits of policy.rollout.slo guard it']
      : []
  return [progress, ...unwatched, ...shadowOf(status)]
}

function shadowOf(status: JsonValue): readonly string[] {
  if (textOf(status, 'stage') !== 'shadow') return []
  const shadow = membersOf(status)['shadow'] ?? null
  const [called, needed] = [numberOf(shadow, 'called') ?? 0, numberOf(shadow, 'called_needed') ?? 0]
  const missed = numberOf(membersOf(shadow)['skipped'] ?? null, 'no_budget') ?? 0
  return [
    `A model was called for ${called} of them (${needed} are needed); in the others it chose what the incumbent had called`,
    ...(membersOf(shadow)['is_out_of_budget'] === true
      ? [`Stopped: budget. policy.rollout.shadowBudgetUsd has no room; ${missed} tasks were left out`]
      : []),
  ]
}

function onlineOf(status: JsonValue): readonly string[] {
  const online = membersOf(status)['online'] ?? null
  if (online === null) return []
  const count = (name: string): number => numberOf(online, name) ?? 0
  const [version, at, failure] = ['last_version', 'last_version_at', 'failure'].map((name) => textOf(online, name))
  const startTasks = numberOf(online, 'start_tasks')
  return [
    startTasks === undefined
      ? `Learning: ${count('learned')} outcomes, ${count('revised')} corrected, ${count('skipped')} left out`
      : `Learning has not begun: ${startTasks} tasks with a known outcome so far`,
    version === '' ? 'No version was registered yet' : `Last version: ${version}, ${at}`,
    `${count('since_version')} of ${count('every_outcomes')} outcomes towards the next; ${count('queued')} tasks wait, ${count('dropped')} were dropped`,
    ...(failure === '' ? [] : [`Learning failed last time: ${failure}`]),
  ]
}

const ARMS: readonly Column[] = [
  { heading: '' },
  { heading: 'requests', align: 'right' },
  { heading: 'accepted', align: 'right' },
  { heading: 'failed', align: 'right' },
  { heading: 'mean cost', align: 'right' },
  { heading: 'mean time', align: 'right' },
]

function armsOf(status: JsonValue, width: number): readonly string[] {
  const rows = (['canary', 'control'] as const).flatMap((name) => {
    const arm = membersOf(status)[name] ?? null
    if (arm === null) return []
    const share = (member: string): string => {
      const value = numberOf(arm, member)
      return value === undefined ? '-' : formatPercent(value)
    }
    const [cost, time] = [numberOf(arm, 'mean_cost_usd'), numberOf(arm, 'mean_latency_ms')]
    return [
      [
        name === 'canary' ? 'candidate' : 'incumbent',
        String(numberOf(arm, 'requests') ?? 0),
        share('accepted_share'),
        share('error_share'),
        cost === undefined ? '-' : formatUsd(cost),
        time === undefined ? '-' : formatDuration(time),
      ],
    ]
  })
  if (rows.length === 0) return []
  const worst = listOf(status, 'evidence')
    .map((bet) => ({
      name: `${textOf(bet, 'slo')} against the ${textOf(bet, 'against')}`,
      share: (numberOf(bet, 'wealth') ?? 0) / (numberOf(bet, 'threshold') ?? 1),
    }))
    .toSorted((left, right) => right.share - left.share)[0]
  const evidence =
    worst === undefined ? [] : [`Most evidence against it: ${worst.name}, ${formatPercent(worst.share)} of a rollback`]
  return ['', formatTable(ARMS, rows, width), ...evidence]
}

function saidOf(status: JsonValue): readonly string[] {
  const feedback = membersOf(status)['feedback'] ?? null
  const parts = (['candidate', 'incumbent'] as const).flatMap((arm) => {
    const said = membersOf(feedback)[arm] ?? null
    const [votes, mean] = [numberOf(said, 'votes') ?? 0, numberOf(said, 'mean')]
    return mean === undefined ? [] : [`${formatPercent(mean)} in ${votes} votes on the ${arm}`]
  })
  return parts.length === 0 ? [] : [`Feedback: ${parts.join(', ')}`]
}

const CAUSES: Readonly<Record<string, string>> = {
  traffic: 'its tasks are others too',
  common: 'the incumbent does so too',
  unknown: 'no incumbent answers that it could be compared with',
  candidate: 'nothing else has changed',
}

function driftOf(status: JsonValue): readonly string[] {
  const drift = membersOf(status)['drift'] ?? null
  const [traffic, decisions] = [membersOf(drift)['traffic'] ?? null, membersOf(drift)['decisions'] ?? null]
  const worst = listOf(traffic, 'figures')[0] ?? null
  const moved =
    textOf(traffic, 'state') === 'drifted'
      ? [
          `Tasks are others than when this began: ${textOf(worst, 'name')} (${(numberOf(worst, 'figure') ?? 0).toFixed(2)})`,
        ]
      : []
  const cause = CAUSES[textOf(decisions, 'cause')]
  const decided = cause === undefined ? [] : [`The candidate begins with other models than at first; ${cause}`]
  const held =
    membersOf(status)['is_held_by_drift'] === true && textOf(status, 'stage') !== 'full'
      ? ['It does not go on by itself while that is so; `kernell policy promote` does']
      : []
  return [...moved, ...decided, ...held]
}

const HISTORY: readonly Column[] = [
  { heading: 'when' },
  { heading: 'what' },
  { heading: 'policy' },
  { heading: 'by' },
  { heading: 'why', isFlexible: true },
]

/** Transitions that are shown; `--json` has fifty. */
const HISTORY_MAX = 10

function historyOf(status: JsonValue, width: number): readonly string[] {
  const rows = listOf(status, 'transitions')
    .slice(0, HISTORY_MAX)
    .map((transition) => [
      new Date(numberOf(transition, 'at') ?? 0).toISOString().slice(0, 19),
      `${textOf(transition, 'from')} -> ${textOf(transition, 'to')} ${numberOf(transition, 'percent_after') ?? 0} %`,
      textOf(transition, 'candidate') || textOf(transition, 'incumbent'),
      textOf(transition, 'by'),
      textOf(transition, 'reason'),
    ])
  return rows.length === 0 ? [] : ['', formatTable(HISTORY, rows, width)]
}

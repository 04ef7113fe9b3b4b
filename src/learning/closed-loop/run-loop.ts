import { createRandomStream, shuffle } from '../../base/random-stream.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import { QUALITY_SHARES } from '../../core/learning/operating-points.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { CivilDate } from '../../core/models/civil-date.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { PolicyArtefact, PolicyLineage } from '../../core/policy/policy-artefact.ts'
import type { DecisionRecord } from '../../core/routing/decision-record.ts'
import type { PolicyInput } from '../../ports/policy.ts'
import { createOnlineLearning, type OnlineLearning } from '../online/online-learning.ts'
import { startOnline } from '../online/start-online.ts'
import { loggedTaskOf } from './logged-decision.ts'
import { createOutcomeSource, type OutcomeRead, type OutcomeSource } from './outcome-source.ts'
import type { StreamedTask } from './streamed-task.ts'

/** The product's policy, as far as the loop needs it. */
export type LoopPolicy = { decide(input: PolicyInput): DecisionRecord }

export type LoopComponents = {
  /** Opens the product's policy service, with exploration, for an artefact and a share of the best single model's quality. */
  readonly openPolicy: (artefact: PolicyArtefact, qualityShare: number) => LoopPolicy
}

export type LoopInit = {
  /** Rows with outcomes; the loop sees their prompts, and outcomes through an `OutcomeSource` only. */
  readonly rows: readonly RoutingRow[]
  /** The same rows as tasks, `streamedTasks(rows)`. */
  readonly tasks: readonly StreamedTask[]
  readonly models: readonly ModelEntry[]
  readonly seed: number
  /** Numbers of outcomes after which the policy is looked at, rising. The last one is the length of the stream. */
  readonly checkpoints: readonly number[]
  /** Shares of the best single model's quality that tasks ask for, in turn from policy to policy. */
  readonly qualityShares?: readonly number[]
  /** Stands in for the source of outcomes; for tests of what a loop reads. */
  readonly openSource?: (rows: readonly RoutingRow[]) => OutcomeSource
}

/** One run of the loop. */
export type LoopRun = {
  readonly seed: number
  /** Every task that was executed, as the learning loop logs it, in order. */
  readonly log: readonly LoggedTask[]
  /** Weight of a dollar by which each task was decided; 0 while no cost was known. */
  readonly weights: readonly number[]
  /** Row of each logged task. */
  readonly rows: readonly number[]
  /** What was read of outcomes. */
  readonly reads: readonly OutcomeRead[]
  /** Policies at the checkpoints, the first with no outcome at all. */
  readonly policies: readonly { readonly outcomes: number; readonly artefact: PolicyArtefact }[]
  /** Rows that were not streamed. */
  readonly unseen: readonly number[]
}

const TODAY = '2026-01-01' as CivilDate
/** A policy is taken into use after every 10 outcomes at first, then after every 25. */
const REFRESH = { early: 10, earlyUntil: 100, late: 25 } as const

/** Runs the loop once: decide, execute, log, learn; nothing else is known of any outcome. Deterministic for a seed. */
export function runLoop({ openPolicy }: LoopComponents, init: LoopInit): LoopRun {
  const { rows, tasks, seed, checkpoints } = init
  const order = shuffle(
    tasks.map((_, row) => row),
    createRandomStream(seed),
  )
  const length = checkpoints.at(-1) ?? 0
  if (length >= order.length) throw new RangeError(`A stream of ${length} rows leaves none of ${order.length} to judge`)
  const streamed = order.slice(0, length)
  const source = (init.openSource ?? createOutcomeSource)(rows)
  const learning = startLearning(
    init,
    streamed.flatMap((row) => tasks[row] ?? []),
  )
  const draws = createRandomStream(seed ^ 0x5bd1e995)
  const log: LoggedTask[] = []
  const weights: number[] = []
  const policies: LoopRun['policies'][number][] = []
  let artefact = learning.artefact(lineageOf(seed, 0))
  let policy = openPolicy(artefact, shareOf(init, 0))
  let refreshes = 0
  for (const [place, row] of [...streamed, -1].entries()) {
    const isDue = place % (place <= REFRESH.earlyUntil ? REFRESH.early : REFRESH.late) === 0
    if (place > 0 && (isDue || checkpoints.includes(place))) {
      artefact = learning.artefact(lineageOf(seed, place))
      refreshes += 1
      policy = openPolicy(artefact, shareOf(init, refreshes))
    }
    if (place === 0 || checkpoints.includes(place)) policies.push({ outcomes: place, artefact })
    const task = tasks[row]
    if (task === undefined) break
    const record = policy.decide(inputOf(task, init.models, draws.nextUnit()))
    const logged = loggedTaskOf(record, task, (model) => source.execute(row, model))
    log.push(logged)
    weights.push(record.rule?.successPerUsd ?? 0)
    learning.learn([logged])
  }
  return { seed, log, weights, rows: streamed, reads: source.reads, policies, unseen: order.slice(length) }
}

function shareOf({ qualityShares = QUALITY_SHARES }: LoopInit, refreshes: number): number {
  return qualityShares[refreshes % qualityShares.length] ?? 1
}

/** A learner of the priors; the recipe and the priors come from prompts alone. */
function startLearning({ models }: LoopInit, tasks: readonly StreamedTask[]): OnlineLearning {
  return createOnlineLearning(startOnline(models, tasks), {
    register: async () => await Promise.reject(new TypeError('A closed loop on recorded outcomes registers nothing')),
  })
}

function lineageOf(seed: number, outcomes: number): PolicyLineage {
  return { dataCardHash: `closed-loop-${seed}`, codeVersion: 'closed-loop', metrics: { outcomes } }
}

function inputOf(task: StreamedTask, models: readonly ModelEntry[], draw: number): PolicyInput {
  return {
    prompt: task.prompt,
    candidates: models,
    excluded: [],
    fixedRoute: 'auto',
    tokensIn: task.tokensIn,
    today: TODAY,
    priceVersion: 'recorded',
    draw,
    isCascadeAllowed: false,
    recentFailures: 0,
  }
}

import { z } from 'zod'
import { checkMoment, checkRecords } from './flywheel/flywheel-checks.ts'
import { type FlywheelOptions, FlywheelWorld } from './flywheel/flywheel-world.ts'
import { FITTED_SOURCE } from '../models/fitted-profiles.ts'
import { defineScenario, type MetricValue, type Scenario } from '../scenario/scenario.ts'

const SCHEMA = z.strictObject({
  tasks: z.int().min(200).max(200_000).default(2_000),
  /** Virtual milliseconds between two tasks. */
  gapMs: z.number().min(10).max(3_600_000).default(2_000),
  /** Share of the tasks that were asked before, word by word. */
  repeated: z.number().min(0).max(0.9).default(0.05),
  /** Share of the answers of which somebody says whether they were of use. */
  feedbackShare: z.number().min(0).max(1).default(0.5),
  /** A version is learned after so many outcomes. */
  everyOutcomes: z.int().min(50).max(100_000).default(500),
  /** Measured tasks on which the gate judges a version. */
  judgeTasks: z.int().min(100).max(20_000).default(400),
  /** Measured tasks that a policy is trained on, and the tasks that arrive between two such trainings. */
  trainTasks: z.int().min(50).max(20_000).default(200),
  trainEvery: z.int().min(100).max(1_000_000).default(800),
  /** Share of the tasks on which another model than the best is tried. */
  exploration: z.number().min(0).max(0.5).default(0.1),
  /** Dollars that a right answer is worth, for regret. */
  rightUsd: z.number().min(0.0001).max(10).default(0.02),
  /** Whether a policy comes to be tried whose measured tasks a model had seen, so that the gate takes it for good. */
  badCandidate: z.boolean().default(true),
})

const CONVERGE_MS = 600_000
/** Points of a report's series are rounded for the eye. */
const STATE_TASKS_MAX = 100

/**
 * A machine learns from its own tasks while these, prices and models change: records, labels, versions, gate, shadow, canary, full service, and back when a policy
 * turns out worse than it was measured.
 */
export const FLYWHEEL: Scenario<FlywheelOptions> = defineScenario<FlywheelOptions>({
  name: 'flywheel',
  summary: 'A policy learns while tasks, prices and models change; good versions get in, a bad one is taken back',
  schema: SCHEMA,
  async open(stage, options) {
    const world = new FlywheelWorld(stage, options)
    await world.start()
    stage.agents = 1
    return {
      playMs: options.tasks * options.gapMs,
      convergeMs: CONVERGE_MS,
      watch() {
        world.look()
        checkMoment({ ...momentOf(world) })
      },
      isSettled: () => world.isDone,
      async finish() {
        await world.work.learning?.learner.settled()
        stage.handled.learning += world.work.learning?.learner.status().learned ?? 0
        world.look()
        checkMoment(momentOf(world))
        await checkRecords(momentOf(world), options.tasks)
        return { metrics: metricsOf(world), state: stateOf(world) }
      },
    }
  },
})

function momentOf(world: FlywheelWorld): Parameters<typeof checkMoment>[0] {
  const { stage, provider, setup, work, limitNanos } = world
  return { stage, provider, setup, work, limitNanos }
}

function metricsOf({
  ledger,
  operator,
  transitions,
  work,
  provider,
}: FlywheelWorld): Readonly<Record<string, MetricValue>> {
  const { learning, cache } = work
  const status = learning?.learner.status()
  const statistics = cache?.statistics()
  const changes = transitions.map(({ atMs }) => atMs)
  const rollbacks = transitions.filter(
    ({ transition }) => transition.cause === 'slo-breach' || transition.cause === 'rollback',
  )
  const full = transitions.filter(({ transition }) => transition.to === 'full')
  return {
    source: { ...FITTED_SOURCE, drift: 'assumed: what changes, and when, is made up' },
    phases: ledger.byPhase(changes),
    failed: ledger.failed,
    charged_usd: Number(provider.bill.total()) / 1e9,
    repriced_calls: provider.bill.repriced.calls,
    repriced_usd: Number(provider.bill.repriced.nanos) / 1e9,
    versions_judged: operator.judgedCount,
    outcomes_learned: status?.learned ?? 0,
    outcomes_revised: status?.revised ?? 0,
    promoted: operator.counts.promoted,
    refused_by_gate: operator.counts.refusedByGate,
    refused_by_rollout: operator.counts.refusedByRollout,
    served_in_full: full.length,
    rolled_back: rollbacks.length,
    leaked_version: operator.leakedVersion ?? null,
    leaked_rolled_back: rollbacks.filter(({ transition }) => transition.candidate === operator.leakedVersion).length,
    refusals: operator.refusals.slice(0, 5),
    transitions: transitions.map(({ atMs, transition }) => ({
      at_ms: atMs,
      cause: transition.cause,
      from: transition.from,
      to: transition.to,
      candidate: transition.candidate,
      reason: transition.reason,
    })),
    cache_hits: statistics?.exactHits ?? 0,
  }
}

function stateOf({ ledger, provider, work }: FlywheelWorld): {
  readonly charged: string
  readonly stage: string
  readonly last: readonly string[]
} {
  return {
    charged: provider.bill.total().toString(),
    stage: work.learning?.rollout.inForce.stage ?? 'none',
    last: ledger.tasks.slice(-STATE_TASKS_MAX).map(({ result }) => `${result.taskId} ${result.modelId}`),
  }
}

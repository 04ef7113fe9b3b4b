import { checkMoment, checkRecords } from './flywheel/flywheel-checks.ts'
import { FLYWHEEL_OPTIONS, type FlywheelOptions } from './flywheel/flywheel-options.ts'
import { flywheelSeries } from './flywheel/flywheel-series.ts'
import { FlywheelWorld } from './flywheel/flywheel-world.ts'
import { FITTED_SOURCE } from '../models/fitted-profiles.ts'
import { defineScenario, type MetricValue, type Scenario } from '../scenario/scenario.ts'

const CONVERGE_MS = 600_000
/** Tasks of which the state names who answered. */
const STATE_TASKS_MAX = 100
/** Events between two looks: what is looked for is still there a few tasks later. */
const WATCH_EVERY = 256

/**
 * A machine learns from its own tasks while these, prices and models change: records, labels, versions, gate, shadow, canary, full service, and back when a policy
 * turns out worse than it was measured.
 */
export const FLYWHEEL: Scenario<FlywheelOptions> = defineScenario<FlywheelOptions>({
  name: 'flywheel',
  summary: 'A policy learns while tasks, prices and models change; good versions get in, a bad one is taken back',
  schema: FLYWHEEL_OPTIONS,
  async open(stage, options) {
    const world = new FlywheelWorld(stage, options)
    await world.start()
    stage.agents = 1
    return {
      playMs: options.tasks * options.gapMs,
      convergeMs: CONVERGE_MS,
      watchEvery: WATCH_EVERY,
      watch() {
        world.look()
        checkMoment(world)
      },
      isSettled: () => world.isDone,
      async finish() {
        await world.work.learning?.learner.settled()
        stage.handled.learning += world.work.learning?.learner.status().learned ?? 0
        world.look()
        checkMoment(world)
        await checkRecords(world, options.tasks)
        const series = flywheelSeries(world.ledger.tasks, world.served)
        return { metrics: metricsOf(world), state: stateOf(world), series }
      },
    }
  },
})

function metricsOf(world: FlywheelWorld): Readonly<Record<string, MetricValue>> {
  const { ledger, book, transitions, work, provider } = world
  const status = work.learning?.learner.status()
  return {
    source: { ...FITTED_SOURCE, drift: 'assumed: what changes, and when, is made up' },
    phases: ledger.byPhase(),
    regret: ledger.regret(),
    candidates: book.counts(),
    leaked: book.leaked(),
    failed: ledger.failed,
    charged_usd: Number(provider.bill.total()) / 1e9,
    repriced_calls: provider.bill.repriced.calls,
    repriced_usd: Number(provider.bill.repriced.nanos) / 1e9,
    outcomes_learned: status?.learned ?? 0,
    outcomes_revised: status?.revised ?? 0,
    cache_hits: work.cache?.statistics().exactHits ?? 0,
    transitions: transitions.map(({ atMs, transition }) => ({
      at_ms: atMs,
      cause: transition.cause,
      from: transition.from,
      to: transition.to,
      candidate: transition.candidate,
      reason: transition.reason,
    })),
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
    last: ledger.tasks.slice(-STATE_TASKS_MAX).map(({ taskId, model }) => `${taskId} ${model}`),
  }
}

import { createRandomStream } from '../../src/base/random-stream.ts'
import { METRICS, type Metric } from '../../src/core/learning/off-policy/compared-policies.ts'
import { ESTIMATORS, type EstimatorName } from '../../src/core/learning/off-policy/estimators.ts'
import { evaluateLog, type Compared } from '../../src/core/learning/off-policy/evaluate-log.ts'
import type { Estimate } from '../../src/core/learning/off-policy/mean-interval.ts'
import { replayPolicies } from '../../src/core/learning/off-policy/replay.ts'
import {
  createWorld,
  drawTasks,
  probabilitiesOf,
  truthOf,
  type Drawn,
  type LoggingPolicy,
  type World,
} from './logged-world.ts'

export type CoverageInit = {
  readonly logging: LoggingPolicy
  readonly rows: number
  readonly runs: number
  readonly seed: number
}

/** How often the 95 % intervals held the truth, in one setting. */
export type CoverageFigures = Omit<CoverageInit, 'seed'> & {
  /** Runs in which the log was refused. */
  readonly refused: number
  /** Means over the runs. */
  readonly effectiveRows: number
  readonly effectiveDisagreement: number
  /** By `ESTIMATOR METRIC candidate|incumbent|difference`: share of the runs that were not refused. */
  readonly coverage: Readonly<Record<string, number>>
}

const COMPARED = ['candidate', 'incumbent', 'difference'] as const

/** Draws logs and fixed sets from one world, and counts how often the intervals hold the truth. */
export function simulateCoverage({ logging, rows, runs, seed }: CoverageInit): CoverageFigures {
  const world = createWorld({ gain: 0.03, disagreement: 0.2 })
  const truth = truthsOf(world)
  const held = new Map<string, number>()
  let refused = 0
  let effectiveRows = 0
  let speaking = 0
  const count = (
    estimator: EstimatorName | 'replay',
    metric: Metric,
    estimates: Compared<Estimate> | undefined,
  ): void => {
    for (const of of COMPARED) {
      const name = `${estimator} ${metric} ${of}`
      const { low = Number.NaN, high = Number.NaN } = estimates?.[of] ?? {}
      const value = truth[of][metric]
      held.set(name, (held.get(name) ?? 0) + Number(low <= value && value <= high))
    }
  }
  for (let run = 0; run < runs; run += 1) {
    const random = createRandomStream(seed * 1_000_003 + run)
    const drawn = drawTasks({ world, logging, rows, random })
    const log = evaluateLog(policiesOn(world, drawn))
    if (log.kind === 'refused') {
      refused += 1
      continue
    }
    effectiveRows += log.weights.candidate.effectiveRows
    speaking += log.effectiveDisagreement
    for (const metric of METRICS) for (const name of ESTIMATORS) count(name, metric, log.metrics[metric]?.[name])
    const fixed = replayPolicies(policiesOn(world, drawTasks({ world, logging, rows, random, isFixedSet: true })))
    if (fixed.kind === 'evaluated') for (const metric of METRICS) count('replay', metric, fixed.metrics[metric])
  }
  const judged = runs - refused
  return {
    logging,
    rows,
    runs,
    refused,
    effectiveRows: effectiveRows / judged,
    effectiveDisagreement: speaking / judged,
    coverage: Object.fromEntries([...held].map(([name, times]) => [name, times / judged])),
  }
}

/** Both policies of the world on drawn tasks. */
export function policiesOn(world: World, { tasks, kinds }: Drawn): Parameters<typeof evaluateLog>[0] {
  return {
    tasks,
    candidate: probabilitiesOf(world.candidate, kinds),
    incumbent: probabilitiesOf(world.incumbent, kinds),
  }
}

function truthsOf(world: World): Compared<Readonly<Record<Metric, number>>> {
  const [candidate, incumbent] = [truthOf(world, world.candidate), truthOf(world, world.incumbent)]
  const differenceOf = (metric: Metric): number => candidate[metric] - incumbent[metric]
  return {
    candidate,
    incumbent,
    difference: { success: differenceOf('success'), cost: differenceOf('cost'), latency: differenceOf('latency') },
  }
}

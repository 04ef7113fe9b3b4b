import { createRandomStream } from '../../src/base/random-stream.ts'
import {
  logEvidence,
  replayEvidence,
  type GateEvidence,
  type GateInput,
} from '../../src/core/learning/gate/gate-evidence.ts'
import { judgeCandidate, type GateDecision } from '../../src/core/learning/gate/judge-candidate.ts'
import { evaluateLog } from '../../src/core/learning/off-policy/evaluate-log.ts'
import { replayPolicies } from '../../src/core/learning/off-policy/replay.ts'
import { createWorld, drawTasks, type LoggingPolicy, type WorldInit } from './logged-world.ts'
import { policiesOn } from './simulate-coverage.ts'

export type GateSimulationInit = WorldInit & {
  /** `replay`: a fixed set. Else a log of this kind, judged by the doubly robust estimator. */
  readonly data: 'replay' | LoggingPolicy
  readonly rows: number
  readonly runs: number
  readonly seed: number
}

export type GateSimulation = Omit<GateSimulationInit, 'seed'> & {
  readonly promoted: number
  /** How often each check was the reason, by name. */
  readonly refusedBy: Readonly<Record<string, number>>
  /** Mean half width of the interval of the quality difference, where there was one. */
  readonly halfWidth: number | undefined
}

/** Lets the gate judge the same candidate on many sets of rows. Prices are not what is looked at here: the tolerance is wide. */
export function simulateGate(init: GateSimulationInit): GateSimulation {
  const { seed, ...setting } = init
  const world = createWorld(init)
  const refusedBy: Record<string, number> = {}
  const widths: number[] = []
  let promoted = 0
  for (let run = 0; run < init.runs; run += 1) {
    const random = createRandomStream(seed * 1_000_003 + run)
    const logging = init.data === 'replay' ? 'half-half' : init.data
    const drawn = drawTasks({ world, logging, rows: init.rows, random, isFixedSet: init.data === 'replay' })
    const policies = policiesOn(world, drawn)
    const decision = judge(policies, init.data)
    if (decision.hasPassed) promoted += 1
    for (const { name, figure, hasPassed } of decision.checks) {
      if (!hasPassed) refusedBy[name] = (refusedBy[name] ?? 0) + 1
      if (name === 'precision' && figure !== null) widths.push(figure)
    }
  }
  const halfWidth = widths.length === 0 ? undefined : widths.reduce((sum, width) => sum + width, 0) / widths.length
  return { ...setting, promoted, refusedBy, halfWidth }
}

function judge(policies: Parameters<typeof evaluateLog>[0], data: GateSimulationInit['data']): GateDecision {
  const { tasks, candidate } = policies
  const evidence = evidenceOf(policies, data)
  const rows = tasks.flatMap((task, row) => {
    const place = task.candidates.findIndex(({ model }) => model === task.action)
    const weight = (candidate[row]?.[place] ?? 0) / task.propensity
    return [{ weight, predicted: task.candidates[place]?.predictedSuccess ?? 0, right: task.outcome.success }]
  })
  const input: GateInput = {
    evidence,
    slicesOf: (row) => [`risk: ${tasks[row]?.risk ?? ''}`],
    calibration: {
      predicted: Float64Array.from(rows, ({ predicted }) => predicted),
      right: Float64Array.from(rows, ({ right }) => right),
      weights: Float64Array.from(rows, ({ weight }) => weight),
    },
    dataCard: {
      rows: tasks.length,
      tasks: tasks.length,
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-31T00:00:00.000Z',
      policyVersions: ['incumbent'],
      leakage: 'passed',
      trainingOverlap: 0,
      overlapCheckedBy: 'files',
    },
  }
  return judgeCandidate(input, { qualityMargin: 0.01, costTolerance: 0.5 })
}

function evidenceOf(
  policies: Parameters<typeof evaluateLog>[0],
  data: GateSimulationInit['data'],
): GateEvidence | Extract<GateInput['evidence'], { kind: 'refused' }> {
  if (data === 'replay') {
    const replay = replayPolicies(policies)
    return replay.kind === 'refused' ? replay : replayEvidence(replay)
  }
  const log = evaluateLog(policies)
  return log.kind === 'refused' ? log : logEvidence(log)
}

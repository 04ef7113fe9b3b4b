import { readCostRows } from '../../../learning/evaluation/cost.ts'
import { judgedRows, type JudgedRows } from '../../../learning/closed-loop/cost-quality-curve.ts'
import { judgeRun, regretBlocks, type JudgedRun, type RegretBlock } from '../../../learning/closed-loop/judge-run.ts'
import { costPlot, regretPlot } from '../../../learning/closed-loop/loop-plots.ts'
import { loopReport, type LoopReport } from '../../../learning/closed-loop/loop-report.ts'
import { unexecutedReads } from '../../../learning/closed-loop/outcome-source.ts'
import { runLoop, type LoopPolicy } from '../../../learning/closed-loop/run-loop.ts'
import { streamedTasks, unknownModels } from '../../../learning/closed-loop/streamed-task.ts'
import type { PlotInit } from '../../../learning/plot/plot-init.ts'
import { CodedError } from '../../../base/errors.ts'
import type { ExplorationMethod } from '../../../core/policy/exploration/exploration-rule.ts'
import type { PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { createPolicyService, type PolicyServiceInit } from '../../../router/policy-service.ts'
import { nextTurn, openServedScorer } from '../../evaluation/evaluate-routing.ts'
import type { DataFile, EvaluationOptions } from '../../node-evaluations.ts'
import { nativeSha256HexOfBytes } from '../../open-answer-cache.ts'

export type ClosedLoopInit = {
  readonly train: DataFile
  /** Rows to judge on; absent: those of `train` that a run does not stream. */
  readonly test: DataFile | undefined
  readonly seeds: number
  readonly firstSeed: number
  /** Rising, each above 0. */
  readonly outcomes: readonly number[]
  readonly method: ExplorationMethod
}

export type ClosedLoop = {
  readonly report: LoopReport
  readonly costPlot: PlotInit
  readonly regretPlot: PlotInit
}

/** Shares of the draws that go to any candidate, and to those that none is known to surpass. */
const EXPLORE = { floor: 0.02, contenders: 0.5, width: 1.5 } as const

/**
 * Runs the closed loop on recorded outcomes many times: the node's own policy service decides, what it chose is executed, the online learner
 * learns from that alone, and policies are judged on rows that were not streamed.
 *
 * Throws `TRAINING_DATA_INVALID` for a broken row or fewer rows than the stream is long, and the signal's reason.
 */
export async function runClosedLoop(
  { train, test, seeds, firstSeed, outcomes, method }: ClosedLoopInit,
  { signal, onProgress }: EvaluationOptions = {},
): Promise<ClosedLoop> {
  const { train: rows, test: testRows, candidates } = readCostRows({ train, test: test ?? train })
  const length = outcomes.at(-1) ?? 0
  if (length >= rows.length)
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: `${train.name} has ${rows.length} rows; a stream of ${length} leaves none to judge`,
      details: { place: train.name },
    })
  const tasks = streamedTasks(rows)
  const models = unknownModels(candidates)
  const openPolicy = (artefact: PolicyArtefact, share: number): LoopPolicy => openExploring(artefact, share, method)
  const given =
    test === undefined
      ? undefined
      : judgedRows(
          testRows,
          streamedTasks(testRows).map(({ features }) => features),
          candidates,
        )
  const judgedUnseen = (unseen: ReadonlySet<number>): JudgedRows =>
    judgedRows(
      rows.filter((_, row) => unseen.has(row)),
      tasks.filter(({ row }) => unseen.has(row)).map(({ features }) => features),
      candidates,
    )
  const runs: JudgedRun[] = []
  const regrets: (readonly RegretBlock[])[] = []
  const reads = { executed: 0, unexecuted: 0 }
  for (let place = 0; place < seeds; place += 1) {
    onProgress?.({ stage: 'running', done: place, total: seeds })
    await nextTurn(signal)
    const run = runLoop({ openPolicy }, { rows, tasks, models, seed: firstSeed + place, checkpoints: outcomes })
    reads.executed += run.reads.length
    reads.unexecuted += unexecutedReads(
      run.reads,
      run.log.map(({ action }, index) => ({ row: run.rows[index] ?? -1, model: action })),
    ).length
    const judged = given ?? judgedUnseen(new Set(run.unseen))
    runs.push(judgeRun({ run, judged, openScorer: openServedScorer }))
    regrets.push(regretBlocks(run, rows, candidates))
  }
  onProgress?.({ stage: 'running', done: seeds, total: seeds })
  const report = loopReport({
    runs,
    regrets,
    firstSeed,
    candidates,
    rows: { streamed: rows.length, judged: test === undefined ? rows.length - length : testRows.length },
    reads,
  })
  const data = test === undefined ? train.name : `${train.name}, judged on ${test.name}`
  return { report, costPlot: costPlot(report, data), regretPlot: regretPlot(report, data) }
}

/** The policy service of a node, exploring. Without a trade yet (no cost is known) the best answer is asked for. */
function openExploring(artefact: PolicyArtefact, share: number, method: ExplorationMethod): LoopPolicy {
  const init: PolicyServiceInit = {
    artefact,
    qualityShare: share,
    quality: 1,
    explorationRate: 0,
    explore: { method, ...EXPLORE },
  }
  return createPolicyService(init, { hashBytes: nativeSha256HexOfBytes })
}

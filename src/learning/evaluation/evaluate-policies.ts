import {
  calibrationError,
  type CalibrationFigures,
  type PredictedOutcomes,
} from '../../core/learning/gate/calibration-error.ts'
import {
  logEvidence,
  replayEvidence,
  type GateDataCard,
  type GateEvidence,
} from '../../core/learning/gate/gate-evidence.ts'
import type { GateThresholds } from '../../core/learning/gate/gate-thresholds.ts'
import { judgeCandidate, type GateDecision } from '../../core/learning/gate/judge-candidate.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import type { Refusal } from '../../core/learning/off-policy/compared-policies.ts'
import { evaluateLog, loggedPredictors, type LogEvaluation } from '../../core/learning/off-policy/evaluate-log.ts'
import { replayPolicies, type Replay } from '../../core/learning/off-policy/replay.ts'
import type { RewardPredictors } from '../../core/learning/off-policy/reward-model.ts'
import { VERIFIER_DEFAULT, withServedPlans, type AssumedVerifier, type PolicyChoice } from './served-plans.ts'

/** Tasks whose outcomes are known, and what two policies would do with each. */
export type PolicyEvaluationInit = {
  readonly tasks: readonly LoggedTask[]
  /** By task; `undefined` where the policy cannot decide it as it would be served. */
  readonly candidate: readonly (PolicyChoice | undefined)[]
  readonly incumbent: readonly (PolicyChoice | undefined)[]
  /** What is assumed of the check in a cascade, for a replay. */
  readonly verifier?: AssumedVerifier
}

type Refused = Refusal & { readonly kind: 'refused' }

/** What is known of a candidate beside the incumbent, by each way that there is to find out; where the data do not allow one, its refusal says why. */
export type PolicyEvaluation = {
  readonly rows: number
  /** Rows that one of the policies cannot decide; they are left out. */
  readonly undecided: number
  readonly replay: Replay | Refused
  /** Share of the tasks that each policy answers by a cascade, and what a replay assumes of the check in it. */
  readonly cascades: { readonly candidate: number; readonly incumbent: number; readonly verifier: AssumedVerifier }
  readonly log: LogEvaluation | Refused
  /** Of the candidate, over the evidence that the gate takes. */
  readonly calibration: CalibrationFigures
  /** Replay where it can be made, else the doubly robust figures of the log. */
  readonly evidence: GateEvidence | Refused
  /** Whether the candidate may take over. */
  judge(dataCard: GateDataCard, thresholds?: Partial<GateThresholds>): GateDecision
}

/** With more rows that cannot be decided, what is left is another population. */
const UNDECIDED_SHARE_MAX = 0.05

/** Estimates what two policies are worth on the same tasks, by every way that the data allows. */
export function evaluatePolicies(init: PolicyEvaluationInit): PolicyEvaluation {
  const decided = decidedRows(init)
  const { tasks, candidate, incumbent } = decided
  const policies = {
    tasks,
    candidate: candidate.map(({ probabilities }) => probabilities),
    incumbent: incumbent.map(({ probabilities }) => probabilities),
  }
  const undecided = init.tasks.length - tasks.length
  const refusal = undecidedRefusal(undecided, init.tasks.length)
  const { verifier = VERIFIER_DEFAULT } = init
  const served = withServedPlans({ tasks, policies: [candidate, incumbent], verifier })
  const [ownPlans = [], otherPlans = []] = served.policies
  const replay = refusal ?? replayPolicies({ tasks: served.tasks, candidate: ownPlans, incumbent: otherPlans })
  const log = refusal ?? evaluateLog({ ...policies, predictorsOf: (metric) => predictorsOf(metric, decided) })
  const evidence = evidenceOf(replay, log)
  const outcomes = replay.kind === 'evaluated' ? replayedOutcomes(decided) : loggedOutcomes(decided, log)
  return {
    rows: tasks.length,
    undecided,
    replay,
    cascades: { candidate: served.cascadeShares[0] ?? 0, incumbent: served.cascadeShares[1] ?? 0, verifier },
    log,
    calibration: calibrationError(outcomes),
    evidence,
    judge: (dataCard, thresholds) =>
      judgeCandidate(
        { evidence, slicesOf: (row) => slicesOf(decided, row), calibration: outcomes, dataCard },
        thresholds,
      ),
  }
}

type DecidedRows = {
  readonly tasks: readonly LoggedTask[]
  readonly candidate: readonly PolicyChoice[]
  readonly incumbent: readonly PolicyChoice[]
}

function decidedRows({ tasks, candidate, incumbent }: PolicyEvaluationInit): DecidedRows {
  const rows = tasks.flatMap((task, row) => {
    const [own, other] = [candidate[row], incumbent[row]]
    return own === undefined || other === undefined ? [] : [{ task, own, other }]
  })
  return {
    tasks: rows.map(({ task }) => task),
    candidate: rows.map(({ own }) => own),
    incumbent: rows.map(({ other }) => other),
  }
}

function undecidedRefusal(undecided: number, rows: number): Refused | undefined {
  if (undecided <= UNDECIDED_SHARE_MAX * rows) return undefined
  const message = `${undecided} of ${rows} rows cannot be decided as they would be served: their text was not kept, and a policy needs it`
  return { kind: 'refused', reason: 'no-support', message }
}

function evidenceOf(replay: Replay | Refused, log: LogEvaluation | Refused): GateEvidence | Refused {
  if (replay.kind === 'evaluated') return replayEvidence(replay)
  return log.kind === 'evaluated' ? logEvidence(log) : log
}

/** The reward model reads what was predicted when the task was logged, and what both policies predict now. */
function predictorsOf(metric: Parameters<typeof loggedPredictors>[0], decided: DecidedRows): RewardPredictors {
  const logged = loggedPredictors(metric)
  if (metric !== 'success') return logged
  const rowOf = new Map(decided.tasks.map((task, row) => [task, row]))
  return (task, model) => {
    const row = rowOf.get(task) ?? -1
    const place = task.candidates.findIndex((candidate) => candidate.model === model)
    const [own, other] = [decided.candidate[row]?.predicted[place] ?? 0, decided.incumbent[row]?.predicted[place] ?? 0]
    return [...logged(task, model), own, other]
  }
}

/** What the candidate predicts of the models that it begins with, beside what they did. */
function replayedOutcomes({ tasks, candidate }: DecidedRows): PredictedOutcomes {
  return columnsOf(
    tasks.flatMap(({ candidates, observed }, row) =>
      candidates.flatMap(({ model }, place) => {
        const weight = candidate[row]?.probabilities[place] ?? 0
        const outcome = observed.get(model)
        return weight === 0 || outcome === undefined
          ? []
          : [{ weight, right: outcome.success, predicted: candidate[row]?.predicted[place] ?? 0 }]
      }),
    ),
  )
}

/** The same from a log: rows in which the candidate's choice was made, by their weight. What the model itself did counts, not the plan. */
function loggedOutcomes({ tasks, candidate }: DecidedRows, log: LogEvaluation | Refused): PredictedOutcomes {
  if (log.kind === 'refused') return columnsOf([])
  return columnsOf(
    log.used.flatMap((row, at) => {
      const task = tasks[row]
      const place = task?.candidates.findIndex(({ model }) => model === task.action) ?? -1
      const weight = log.candidateWeights[at] ?? 0
      if (task === undefined || weight === 0) return []
      const outcome = task.observed.get(task.action) ?? task.outcome
      return [{ weight, right: outcome.success, predicted: candidate[row]?.predicted[place] ?? 0 }]
    }),
  )
}

function columnsOf(
  rows: readonly { readonly weight: number; readonly right: number; readonly predicted: number }[],
): PredictedOutcomes {
  return {
    predicted: Float64Array.from(rows, ({ predicted }) => predicted),
    right: Float64Array.from(rows, ({ right }) => right),
    weights: Float64Array.from(rows, ({ weight }) => weight),
  }
}

function slicesOf({ tasks, candidate }: DecidedRows, row: number): readonly string[] {
  const [risk, domain] = [tasks[row]?.risk, candidate[row]?.domain]
  return [...(risk === undefined ? [] : [`risk: ${risk}`]), ...(domain === undefined ? [] : [`domain: ${domain}`])]
}

/** Whether what every model would have done is known for nearly all rows: a set to replay on. */
export function isFixedSet(tasks: readonly LoggedTask[]): boolean {
  const whole = tasks.filter(({ candidates, observed }) => candidates.every(({ model }) => observed.has(model)))
  return tasks.length > 0 && whole.length >= (1 - UNDECIDED_SHARE_MAX) * tasks.length
}

/**
 * Fills in what rows of a fixed set do not say about their models: the cost that is expected of one is its mean over the set, and the dearer
 * half of the models counts as premium. Prices are known before a task is run; costs of single tasks are not, and are not used. Rows that say it are left alone.
 *
 * @param isPriced  Models whose price is known by themselves; their cost is left to whoever knows it.
 */
export function withKnownPrices(
  tasks: readonly LoggedTask[],
  isPriced: (model: string) => boolean = () => false,
): readonly LoggedTask[] {
  const means = meanCosts(tasks)
  const sorted = [...means.values()].toSorted((a, b) => a - b)
  const middle = sorted[sorted.length >> 1] ?? 0
  return tasks.map((task) => {
    if (task.candidates.every(({ tier }) => tier !== 'unknown')) return task
    return {
      ...task,
      candidates: task.candidates.map((candidate) => {
        const mean = means.get(candidate.model)
        const expectedCostUsd = candidate.expectedCostUsd ?? (isPriced(candidate.model) ? undefined : mean)
        const tier = mean !== undefined && mean >= middle ? 'premium_api' : 'cheap_api'
        return { ...candidate, expectedCostUsd, tier: candidate.tier === 'unknown' ? tier : candidate.tier }
      }),
    }
  })
}

/** Of models whose cost is known on every row that has them. */
function meanCosts(tasks: readonly LoggedTask[]): ReadonlyMap<string, number> {
  const sums = new Map<string, { usd: number; rows: number }>()
  for (const { observed } of tasks)
    for (const [model, { costUsd }] of observed) {
      const sum = sums.get(model) ?? { usd: 0, rows: 0 }
      sum.usd += costUsd ?? Number.NaN
      sum.rows += 1
      sums.set(model, sum)
    }
  return new Map(
    [...sums].flatMap(([model, { usd, rows }]) => (Number.isFinite(usd) ? [[model, usd / rows] as const] : [])),
  )
}

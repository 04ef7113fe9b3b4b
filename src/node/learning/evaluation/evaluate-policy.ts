import { setImmediate } from 'node:timers/promises'
import { gateReportOf } from '../../../core/learning/gate/assemble-report.ts'
import { signGateReport } from '../../../core/learning/gate/gate-report.ts'
import type { GateDataCard } from '../../../core/learning/gate/gate-evidence.ts'
import type { GateThresholds } from '../../../core/learning/gate/gate-thresholds.ts'
import type { GateDecision } from '../../../core/learning/gate/judge-candidate.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import { priceOnDate } from '../../../core/models/model-cost.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import { parsePolicyArtefact, policyVersionOf, type PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import {
  evaluatePolicies,
  isFixedSet,
  withKnownPrices,
  type PolicyEvaluation,
} from '../../../learning/evaluation/evaluate-policies.ts'
import type { AssumedVerifier } from '../../../learning/evaluation/served-plans.ts'
import type { Signer } from '../../../ports/signer.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import { readPackageVersion } from '../../package-version.ts'
import { createSystemClock } from '../../system-clock.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { drawPolicyCurve, type PolicyCurve } from './policy-curve.ts'
import { readEvaluationData, type EvaluationData } from './read-evaluation-data.ts'
import { createServedChoices, type ServedChoice, type ServedChoices } from '../../../router/served-choices.ts'
import { findTrainingOverlap, requireUnseen, type TrainingOverlap } from './training-overlap.ts'

export type PolicyEvaluationRequest = {
  /** Text of the artefact that is judged. */
  readonly candidate: string
  /** Text of the artefact that it is compared with; `undefined`: the documented priors. */
  readonly incumbent: string | undefined
  /** Absolute paths of datasets or evaluation files, JSON Lines or `.gz`. */
  readonly files: readonly string[]
  /** Files that the candidate was trained on, beside what its artefact says of it. Where neither says anything, the gate will not pass. */
  readonly trainedOn?: readonly string[]
  /** As configured: the bound where the caller sets none, and the operating point. */
  readonly quality: number
  readonly qualityShare?: number | undefined
  readonly findEntry: (modelId: string) => ModelEntry | undefined
  readonly seed: number
  /** Present: the gate judges, by these changes of its defaults, and the report is signed. */
  readonly gate?: { readonly thresholds: Partial<GateThresholds>; readonly signer: Signer; readonly at: string }
  /** What is assumed of the check in a cascade where outcomes are recorded; absent: what policies count with. */
  readonly verifier?: AssumedVerifier
  /** Whether the cost-quality curve is wanted. */
  readonly withCurve: boolean
}

export type EvaluatedPolicy = {
  readonly candidate: string
  readonly incumbent: string
  readonly data: EvaluationData
  readonly overlap: TrainingOverlap
  readonly evaluation: PolicyEvaluation
  readonly decision: GateDecision | undefined
  /** The signed report, one line of canonical JSON. */
  readonly gateReport: string | undefined
  readonly curve: PolicyCurve | undefined
}

/** Rows decided between looks at the signal. */
const SLICE_ROWS = 500

/**
 * Judges a policy beside another on rows with known outcomes: both decide every row as they would be served.
 *
 * Throws `POLICY_ARTEFACT_INVALID`, `POLICY_FORMAT_NEWER`, `TRAINING_DATA_INVALID` and the signal's reason; where the gate judges,
 * `POLICY_TRAINED_ON_TEST` when rows are of tasks that the candidate was trained on.
 */
export async function evaluatePolicyOnFiles(
  request: PolicyEvaluationRequest,
  options: DataWorkOptions = {},
): Promise<EvaluatedPolicy> {
  const candidate = parsePolicyArtefact(request.candidate)
  const incumbent = request.incumbent === undefined ? undefined : parsePolicyArtefact(request.incumbent)
  const data = await readEvaluationData(request.files, options)
  const { trainedOn } = request
  const overlap = await findTrainingOverlap(
    { candidate, tasks: data.tasks, ...(trainedOn !== undefined && { trainedOn }) },
    options,
  )
  if (request.gate !== undefined) requireUnseen(overlap, { of: data.tasks.length, version: policyVersionOf(candidate) })
  const today = civilDateOfInstant(request.gate === undefined ? createSystemClock().now() : Date.parse(request.gate.at))
  const tasks = withKnownPrices(data.tasks, (model) => {
    const entry = request.findEntry(model)
    return entry !== undefined && priceOnDate(entry, today) !== undefined
  })
  const isFixed = isFixedSet(tasks)
  const serve = (artefact: PolicyArtefact | undefined): ServedChoices =>
    createServedChoices({ ...request, artefact, today })
  const [own, other] = [serve(candidate), serve(incumbent)]
  const choices = await chooseAll({ policies: [own, other], tasks }, options)
  const evaluation = evaluatePolicies({
    tasks,
    candidate: choices[0] ?? [],
    incumbent: choices[1] ?? [],
    ...(request.verifier !== undefined && { verifier: request.verifier }),
  })
  const decision =
    request.gate === undefined ? undefined : evaluation.judge(cardOf(data, overlap), request.gate.thresholds)
  const curve = request.withCurve
    ? await drawPolicyCurve(
        { tasks, own, other, priors: serve(undefined), isFixed, verifier: evaluation.cascades.verifier },
        options,
      )
    : undefined
  const judged = {
    candidate: own.version,
    incumbent: other.version,
    data,
    overlap,
    evaluation,
    decision,
    curve,
  }
  return { ...judged, gateReport: signedReport(request, judged, [own.version, other.version]) }
}

type Choosing = { readonly policies: readonly ServedChoices[]; readonly tasks: readonly LoggedTask[] }

/** What each policy would do with each task. */
async function chooseAll(
  { policies, tasks }: Choosing,
  { signal, onProgress }: DataWorkOptions,
): Promise<readonly (readonly (ServedChoice | undefined)[])[]> {
  const choices = policies.map((): (ServedChoice | undefined)[] => [])
  for (const [row, task] of tasks.entries()) {
    for (const [place, policy] of policies.entries()) choices[place]?.push(policy.choose(task))
    if (row % SLICE_ROWS !== 0) continue
    onProgress?.({ stage: 'deciding', done: row, total: tasks.length })
    await setImmediate()
    signal?.throwIfAborted()
  }
  return choices
}

function cardOf({ card }: EvaluationData, { rows, by }: TrainingOverlap): GateDataCard {
  return { ...card, trainingOverlap: rows, overlapCheckedBy: by }
}

type Judged = Omit<EvaluatedPolicy, 'gateReport'>

function signedReport(
  { gate, seed, candidate, incumbent }: PolicyEvaluationRequest,
  { data, overlap, evaluation, decision }: Judged,
  [own = '', other = '']: readonly string[],
): string | undefined {
  if (gate === undefined || decision === undefined) return undefined
  const report = gateReportOf(
    {
      candidate: { version: own, text: candidate },
      incumbent: { version: other, text: incumbent },
      at: gate.at,
      codeVersion: readPackageVersion(),
      seed,
      data: { ...cardOf(data, overlap), trainedOn: overlap.files, sha256: data.sha256 },
      evidence: evaluation.evidence,
      cascades: evaluation.cascades,
      decision,
    },
    nativeSha256Hex,
  )
  return signGateReport(report, gate.signer)
}

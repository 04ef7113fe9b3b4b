import { sha256Hex } from '../../base/sha256.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { GateDataCard } from '../../core/learning/gate/gate-evidence.ts'
import { gateReportOf } from '../../core/learning/gate/assemble-report.ts'
import { signGateReport } from '../../core/learning/gate/gate-report.ts'
import type { GateDecision } from '../../core/learning/gate/judge-candidate.ts'
import type { Estimate } from '../../core/learning/off-policy/mean-interval.ts'
import type { GateThresholds } from '../../core/learning/gate/gate-thresholds.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import { civilDateOfInstant } from '../../core/models/civil-date.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import { parsePolicyArtefact, type PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import { evaluatePolicies, type PolicyEvaluation } from '../../learning/evaluation/evaluate-policies.ts'
import { openTrainedTasks } from '../../core/policy/trained-tasks.ts'
import { taskKeysOf } from '../../learning/training/trained-task-collector.ts'
import type { Signer } from '../../ports/signer.ts'
import { createServedChoices } from '../../router/served-choices.ts'

export type JudgeInit = {
  /** Text of the artefact that is judged. */
  readonly candidate: string
  /** Of the policy that serves; `undefined`: the documented priors. */
  readonly incumbent: string | undefined
  /** Tasks on which every model was measured, none of which the candidate has learned from. */
  readonly tasks: readonly LoggedTask[]
  readonly quality: number
  readonly qualityShare: number
  readonly findEntry: (modelId: string) => ModelEntry | undefined
  readonly thresholds: Partial<GateThresholds>
  readonly signer: Signer
  /** ISO 8601. */
  readonly at: string
}

export type JudgedPolicy = {
  readonly decision: GateDecision
  /** The candidate's quality less the incumbent's, with its interval; `undefined` where the tasks could not tell. */
  readonly qualityDifference: Estimate | undefined
  /** The signed report. */
  readonly report: string
}

/** Judges a policy beside the one that serves, by the product's own gate, on a fixed set: both decide each task as they would be served. */
export function judgePolicy(init: JudgeInit): JudgedPolicy {
  const { tasks, at, signer, thresholds } = init
  const today = civilDateOfInstant(Date.parse(at))
  const serve = (text: string | undefined): ReturnType<typeof createServedChoices> => {
    const artefact: PolicyArtefact | undefined = text === undefined ? undefined : parsePolicyArtefact(text)
    return createServedChoices({ ...init, artefact, today })
  }
  const [own, other] = [serve(init.candidate), serve(init.incumbent)]
  const evaluation = evaluatePolicies({
    tasks,
    candidate: tasks.map((task) => own.choose(task)),
    incumbent: tasks.map((task) => other.choose(task)),
  })
  const card: GateDataCard = {
    rows: tasks.length,
    tasks: new Set(tasks.map(({ taskHash }) => taskHash)).size,
    from: at,
    to: at,
    policyVersions: [],
    // Prompts of a world are made before any outcome is drawn.
    leakage: 'passed',
    ...overlapOf(parsePolicyArtefact(init.candidate), tasks),
  }
  const decision = evaluation.judge(card, thresholds)
  const report = gateReportOf(
    {
      candidate: { version: own.version, text: init.candidate },
      incumbent: { version: other.version, text: init.incumbent },
      at,
      codeVersion: 'simulation',
      seed: 0,
      data: { ...card, trainedOn: [], sha256: sha256Hex(canonicalJson(tasks.map(({ taskHash }) => taskHash))) },
      evidence: evaluation.evidence,
      cascades: evaluation.cascades,
      decision,
    },
    sha256Hex,
  )
  return { decision, qualityDifference: qualityOf(evaluation), report: signGateReport(report, signer) }
}

function qualityOf({ evidence }: PolicyEvaluation): Estimate | undefined {
  return evidence.kind === 'refused' ? undefined : evidence.quality?.difference
}

/** Tasks that the candidate was trained on, by what its artefact says of them. */
function overlapOf(
  { lineage }: PolicyArtefact,
  tasks: readonly LoggedTask[],
): Pick<GateDataCard, 'trainingOverlap' | 'overlapCheckedBy'> {
  const packed = lineage.training?.tasks
  const trained = packed === undefined ? undefined : openTrainedTasks(packed, { salt: lineage.dataCardHash, sha256Hex })
  if (trained === undefined) return { trainingOverlap: null, overlapCheckedBy: null }
  const shared = tasks.filter((task) => taskKeysOf(task, sha256Hex).some((key) => trained.has(key)))
  return { trainingOverlap: shared.length, overlapCheckedBy: 'artefact' }
}

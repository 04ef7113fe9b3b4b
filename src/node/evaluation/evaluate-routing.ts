import { formatPolicyArtefact, parsePolicyArtefact, type PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { PolicyScorer } from '../../core/policy/policy-scorer.ts'
import { evaluateRouting as judgeRouting } from '../../learning/evaluation/routing.ts'
import { describeSharedPrompts } from '../../learning/evaluation/order-rows.ts'
import { readRoutingFile, trainRouting } from '../../learning/evaluation/train-routing.ts'
import { createPolicyService } from '../../router/policy-service.ts'
import type {
  Evaluated,
  EvaluationOptions,
  RoutingEvaluationInit,
  RoutingReport,
  RowScore,
} from '../node-evaluations.ts'
import { nativeSha256Hex } from '../open-answer-cache.ts'
import { readPackageVersion } from '../package-version.ts'
import { createSystemClock } from '../system-clock.ts'

/**
 * Trains a router between two models and judges it on other rows, with the very policy service that a node serves. The figures are
 * those of the artefact read back, so what `--save` writes is what was measured.
 *
 * Throws `TRAINING_DATA_INVALID`, and the signal's reason.
 */
export async function evaluateRouting(
  { train, test, strong, weak, label, seed }: RoutingEvaluationInit,
  { signal, onProgress }: EvaluationOptions = {},
): Promise<Evaluated<RoutingReport>> {
  const rows = test.flatMap((file) => readRoutingFile(file, label))
  onProgress?.({ stage: 'training', done: 0, total: 2 })
  await nextTurn(signal)
  const trainRows = train.flatMap((file) => readRoutingFile(file, label))
  const training = { files: train, strong, weak, label, seed, codeVersion: readPackageVersion() }
  const artefact = formatPolicyArtefact(trainRouting({ ...training, sha256Hex: nativeSha256Hex }, trainRows))
  onProgress?.({ stage: 'judging', done: 1, total: 2 })
  await nextTurn(signal)
  const served = parsePolicyArtefact(artefact)
  const report = judgeRouting(
    { clock: createSystemClock(), openScorer: openServedScorer },
    { artefact: served, test: rows, strong, weak, seed },
  )
  onProgress?.({ stage: 'judging', done: 2, total: 2 })
  const scores = scoreRows(openServedScorer(served), rows, weak)
  return { report, artefact, scores, notes: describeSharedPrompts(trainRows, rows) }
}

function scoreRows(scorer: PolicyScorer, rows: readonly RoutingRow[], weak: string): readonly RowScore[] {
  const hasCascade = scorer.artefact.cascade !== undefined
  return rows.map(({ prompt, outcomes }, row) => {
    const answer = hasCascade ? outcomes.get(weak)?.response : undefined
    const score = scorer.scoreGain(prompt)
    return answer === undefined ? { row, score } : { row, score, cascade_score: scorer.scoreGainAfter(prompt, answer) }
  })
}

/** The scorer inside the policy service that a node decides with. */
export function openServedScorer(artefact: PolicyArtefact): PolicyScorer {
  const { scorer } = createPolicyService({ artefact, quality: 0.5, explorationRate: 0 })
  if (scorer === undefined) throw new TypeError('A policy with an artefact has a scorer')
  return scorer
}

/** Training is one long computation: progress is drawn and an abort is seen between its stages. */
export async function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  signal?.throwIfAborted()
}

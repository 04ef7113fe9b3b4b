import { formatPolicyArtefact, parsePolicyArtefact } from '../../core/policy/policy-artefact.ts'
import { evaluateCost as judgeCost, readCostRows, trainCost } from '../../learning/evaluation/cost.ts'
import { describeSharedPrompts } from '../../learning/evaluation/order-rows.ts'
import type { CostEvaluationInit, CostReport, Evaluated, EvaluationOptions } from '../node-evaluations.ts'
import { nativeSha256Hex } from '../open-answer-cache.ts'
import { readPackageVersion } from '../package-version.ts'
import { nextTurn, openServedScorer } from './evaluate-routing.ts'

/**
 * Trains a policy over many models with known costs and judges its operating points on other rows, with the very policy service that a
 * node serves. The figures are those of the artefact read back, so what `--save` writes is what was measured.
 *
 * Throws `TRAINING_DATA_INVALID`, and the signal's reason.
 */
export async function evaluateCost(
  { train, test, seed }: CostEvaluationInit,
  { signal, onProgress }: EvaluationOptions = {},
): Promise<Evaluated<CostReport>> {
  const rows = readCostRows({ train, test })
  onProgress?.({ stage: 'training', done: 0, total: 2 })
  await nextTurn(signal)
  const artefact = formatPolicyArtefact(
    trainCost(rows, { train, test, seed, codeVersion: readPackageVersion(), sha256Hex: nativeSha256Hex }),
  )
  onProgress?.({ stage: 'judging', done: 1, total: 2 })
  await nextTurn(signal)
  const report = judgeCost({ openScorer: openServedScorer }, { artefact: parsePolicyArtefact(artefact), rows, seed })
  onProgress?.({ stage: 'judging', done: 2, total: 2 })
  return { report, artefact, notes: describeSharedPrompts(rows.train, rows.test) }
}

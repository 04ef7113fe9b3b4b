import type { Sha256Hex } from '../../../base/sha256.ts'
import type { GateInput } from './gate-evidence.ts'
import type { GatePolicy, GateReport } from './gate-report.ts'
import type { GateDecision } from './judge-candidate.ts'

/** A policy as a report names it. */
export type JudgedPolicy = {
  readonly version: string
  /** Of the artefact; `undefined` for the built-in priors, which have none. */
  readonly text: string | undefined
}

export type JudgedEvaluation = Pick<GateReport, 'at' | 'codeVersion' | 'seed' | 'data'> & {
  readonly candidate: JudgedPolicy
  readonly incumbent: JudgedPolicy
  readonly evidence: GateInput['evidence']
  /** Of a replay. */
  readonly cascades: NonNullable<GateReport['evidence']['cascades']>
  readonly decision: GateDecision
}

/** The report of a candidate that was judged, ready to be signed. */
export function gateReportOf(judged: JudgedEvaluation, hash: Sha256Hex): GateReport {
  const { candidate, incumbent, at, codeVersion, seed, data, decision } = judged
  const policy = ({ version, text }: JudgedPolicy): GatePolicy => ({
    version,
    sha256: text === undefined ? null : hash(text),
  })
  return {
    candidate: policy(candidate),
    incumbent: policy(incumbent),
    hasPassed: decision.hasPassed,
    at,
    codeVersion,
    seed,
    data,
    thresholds: decision.thresholds,
    evidence: evidenceOf(judged),
    checks: decision.checks,
  }
}

function evidenceOf({ evidence, cascades }: JudgedEvaluation): GateReport['evidence'] {
  if (evidence.kind === 'refused')
    return { kind: 'refused', estimator: 'none', rows: 0, quality: undefined, cost: undefined, cascades: undefined }
  const { kind, estimator, rows, quality, cost } = evidence
  return { kind, estimator, rows, quality, cost, cascades: kind === 'replay' ? cascades : undefined }
}

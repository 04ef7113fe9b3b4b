import { expect, it } from 'vitest'
import { sha256Hex } from '../../../../src/base/sha256.ts'
import { gateReportOf, type JudgedEvaluation } from '../../../../src/core/learning/gate/assemble-report.ts'
import { GATE_DEFAULTS } from '../../../../src/core/learning/gate/gate-thresholds.ts'

const JUDGED: JudgedEvaluation = {
  candidate: { version: 'policy-1', text: 'artefact' },
  incumbent: { version: 'priors-1', text: undefined },
  at: '2026-02-01T00:00:00.000Z',
  codeVersion: '1.0.0',
  seed: 7,
  data: {
    rows: 2,
    tasks: 2,
    from: null,
    to: null,
    policyVersions: [],
    leakage: 'passed',
    trainingOverlap: 0,
    overlapCheckedBy: 'artefact',
    sha256: 'd',
    trainedOn: null,
  },
  evidence: { kind: 'refused', reason: 'no-support', message: 'no rows' },
  cascades: { candidate: 0.5, incumbent: 0, verifier: { catches: 0.5 } },
  decision: { hasPassed: false, checks: [], thresholds: GATE_DEFAULTS },
}

it('names policies by their content, and priors by none', () => {
  const { candidate, incumbent } = gateReportOf(JUDGED, sha256Hex)
  expect(candidate).toEqual({ version: 'policy-1', sha256: sha256Hex('artefact') })
  expect(incumbent).toEqual({ version: 'priors-1', sha256: null })
})

it('has no figures where there was no evidence', () => {
  const { evidence, hasPassed } = gateReportOf(JUDGED, sha256Hex)
  expect(evidence).toEqual({ kind: 'refused', estimator: 'none', rows: 0 })
  expect(hasPassed).toBe(false)
})

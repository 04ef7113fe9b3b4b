import { describe, expect, it } from 'vitest'
import type { GateEvidence, GateInput } from '../../../../src/core/learning/gate/gate-evidence.ts'
import type { GateThresholds } from '../../../../src/core/learning/gate/gate-thresholds.ts'
import { judgeCandidate } from '../../../../src/core/learning/gate/judge-candidate.ts'
import type { Estimate } from '../../../../src/core/learning/off-policy/mean-interval.ts'

const ROWS = 4000

function estimate(value: number, half: number): Estimate {
  return { value, low: value - half, high: value + half, standardError: half / 1.96 }
}

/** Evidence of a candidate that may take over: three points better at the same cost. */
function evidence(changed: Partial<GateEvidence> = {}): GateEvidence {
  return {
    kind: 'log',
    estimator: 'dr',
    rows: ROWS,
    clusters: { places: Int32Array.from({ length: ROWS }, (_, at) => at), count: ROWS },
    quality: { candidate: estimate(0.78, 0.01), incumbent: estimate(0.75, 0.01), difference: estimate(0.03, 0.01) },
    cost: { candidate: estimate(0.01, 0.001), incumbent: estimate(0.01, 0.001), difference: estimate(0, 0.0001) },
    regressions: [Float64Array.from({ length: ROWS }, (_, at) => Number(at % 19 === 0))],
    unseenShare: 0,
    used: Array.from({ length: ROWS }, (_, at) => at),
    ...changed,
  }
}

const input: GateInput = {
  evidence: evidence(),
  slicesOf: (row) => [`risk: ${row % 10 === 0 ? 'high' : 'low'}`, ...(row < 100 ? ['domain: rare'] : [])],
  calibration: {
    predicted: new Float64Array(ROWS).fill(0.5),
    right: Float64Array.from({ length: ROWS }, (_, at) => at % 2),
    weights: new Float64Array(ROWS).fill(1),
  },
  dataCard: {
    rows: ROWS,
    tasks: ROWS,
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-31T00:00:00.000Z',
    policyVersions: ['priors-1'],
    leakage: 'passed',
    trainingOverlap: 0,
    overlapCheckedBy: 'artefact',
  },
}

function refusals(changed: Partial<GateInput>, thresholds: Partial<GateThresholds> = {}): readonly string[] {
  const { checks, hasPassed } = judgeCandidate({ ...input, ...changed }, thresholds)
  const names = checks.filter((check) => !check.hasPassed).map(({ name }) => name)
  expect(hasPassed).toBe(names.length === 0)
  return names
}

function card(changed: Partial<GateInput['dataCard']>): Partial<GateInput> {
  return { dataCard: { ...input.dataCard, ...changed } }
}

describe('judgeCandidate', () => {
  it('lets a candidate pass that is better, no dearer, calibrated, and judged on sound rows', () => {
    const { checks, hasPassed } = judgeCandidate(input)
    expect(hasPassed).toBe(true)
    expect(checks.map(({ name }) => name)).toEqual([
      'quality',
      'precision',
      'cost',
      'regressions',
      'regressions in risk: low',
      'regressions in risk: high',
      'calibration',
      'rows',
      'time range',
      'policy versions',
      'leakage',
      'overlap',
    ])
  })

  it.each<[string, Partial<GateInput>, Partial<GateThresholds>, readonly string[]]>([
    [
      'is better only by what chance may bring',
      {
        evidence: evidence({
          quality: {
            candidate: estimate(0.76, 0.01),
            incumbent: estimate(0.75, 0.01),
            difference: estimate(0.012, 0.01),
          },
        }),
      },
      {},
      ['quality'],
    ],
    ['is better by no more than the margin', {}, { qualityMargin: 0.02 }, ['quality']],
    [
      'was seen on too few rows',
      {
        evidence: evidence({
          quality: {
            candidate: estimate(0.8, 0.03),
            incumbent: estimate(0.75, 0.03),
            difference: estimate(0.05, 0.03),
          },
        }),
      },
      {},
      ['precision'],
    ],
    [
      'may cost more',
      {
        evidence: evidence({
          cost: { candidate: estimate(0.0104, 0), incumbent: estimate(0.01, 0), difference: estimate(0.0004, 0.0002) },
        }),
      },
      {},
      ['cost'],
    ],
    ['costs nobody knows what', { evidence: evidence({ cost: undefined }) }, {}, ['cost']],
    ['misses the target of cost', {}, { costTarget: 0.2 }, ['cost']],
    [
      'loses what the incumbent could',
      { evidence: evidence({ regressions: [new Float64Array(ROWS).fill(0.12)] }) },
      {},
      ['regressions'],
    ],
    [
      'loses it among tasks of high risk',
      {
        evidence: evidence({
          regressions: [Float64Array.from({ length: ROWS }, (_, at) => Number(at % 10 === 0 && at % 40 !== 0))],
        }),
      },
      {},
      ['regressions in risk: high'],
    ],
    [
      'might lose it where nothing is known',
      { evidence: evidence({ unseenShare: 0.06 }) },
      {},
      ['regressions', 'regressions in risk: high'],
    ],
    [
      'does not know what it knows',
      { calibration: { ...input.calibration, predicted: new Float64Array(ROWS).fill(0.7) } },
      {},
      ['calibration'],
    ],
    [
      'predicted nothing that was seen',
      { calibration: { ...input.calibration, weights: new Float64Array(ROWS) } },
      {},
      ['calibration'],
    ],
    ['is judged on few tasks, often', card({ tasks: 900 }), {}, ['rows']],
    ['is judged on rows of an unknown time', card({ from: null }), {}, ['time range']],
    ['is judged on rows of unknown policies', card({ policyVersions: [] }), {}, ['policy versions']],
    ['is judged on rows that leak', card({ leakage: 'failed' }), {}, ['leakage']],
    ['is judged on rows that nobody checked', card({ leakage: 'unchecked' }), {}, ['leakage']],
    ['is judged on a row that it was trained on', card({ trainingOverlap: 1 }), {}, ['overlap']],
    ['was trained on nobody knows what', card({ trainingOverlap: null }), {}, ['overlap']],
    [
      'has no support in the log',
      { evidence: { kind: 'refused', reason: 'no-support', message: 'never tried' } },
      {},
      ['support'],
    ],
  ])('refuses a candidate that %s', (_, changed, thresholds, names) => {
    expect(refusals(changed, thresholds)).toEqual(names)
  })

  it.each([
    ['leakage', card({}), 'No outcome was found among features and prompts'],
    ['leakage', card({ leakage: 'failed' }), 'Outcomes were found among features and prompts'],
    ['leakage', card({ leakage: 'unchecked' }), 'Nobody looked whether outcomes are among features and prompts'],
    ['overlap', card({}), '0 rows are of tasks that the candidate was trained on, as its artefact says'],
    [
      'overlap',
      card({ trainingOverlap: 2, overlapCheckedBy: 'files' }),
      '2 rows are of tasks that the candidate was trained on, as the files say that were named',
    ],
  ])('says of %s what was found', (wanted, changed, said) => {
    const { checks } = judgeCandidate({ ...input, ...changed })
    expect(checks.find(({ name }) => name === wanted)?.said).toBe(said)
  })

  it('takes a wide interval where one of twice the width would do', () => {
    const quality = {
      candidate: estimate(0.9, 0.03),
      incumbent: estimate(0.75, 0.03),
      difference: estimate(0.15, 0.03),
    }
    expect(refusals({ evidence: evidence({ quality }) })).toEqual([])
  })

  it('asks nothing of costs when told so', () => {
    expect(refusals({ evidence: evidence({ cost: undefined }) }, { costTolerance: null })).toEqual([])
  })

  it('asks a fixed set for neither time nor policy', () => {
    const fixed = {
      ...input,
      evidence: evidence({ kind: 'replay' }),
      ...card({ from: null, to: null, policyVersions: [] }),
    }
    expect(judgeCandidate(fixed).hasPassed).toBe(true)
  })

  it('does not take no regression in few rows for none at all', () => {
    const none = evidence({ regressions: [new Float64Array(ROWS)] })
    const regressions = judgeCandidate({ ...input, evidence: none }).checks.find(({ name }) => name === 'regressions')
    expect(regressions?.figure).toBeCloseTo(3.689 / ROWS, 9)
  })

  it('takes the smaller of two bounds of the regressions', () => {
    const loose = new Float64Array(ROWS).fill(0.5)
    expect(refusals({ evidence: evidence({ regressions: [loose, new Float64Array(ROWS).fill(0.02)] }) })).toEqual([])
  })
})

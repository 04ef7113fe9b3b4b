import { describe, expect, it } from 'vitest'
import { trainPolicy } from '../../../src/core/learning/train-policy.ts'
import {
  NEIGHBOUR_DIMS,
  OUTCOME_ONE,
  OUTCOME_UNKNOWN,
  createNeighbourEmbedder,
  type NeighbourModel,
} from '../../../src/core/policy/neighbour-model.ts'
import {
  formatPolicyArtefact,
  parsePolicyArtefact,
  policyVersionOf,
  type PolicyArtefact,
} from '../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { createFeatureExtractor } from '../../../src/core/policy/prompt-features.ts'
import { createBatchScorer } from '../../../src/router/batch-scorer.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { syntheticRows } from '../learning/synthetic-rows.ts'

const base = trainPolicy(syntheticRows(120, 1), {
  candidates: ['strong', 'weak'],
  pair: { strong: 'strong', weak: 'weak' },
  withCosts: true,
  lineage: { dataCardHash: 'card', codeVersion: '0.0.0' },
  seed: 1,
})
const { modelCount, denseCount } = base.success

/** The same weights for every quantile but the bias, which is given. */
function withBias(...bias: readonly number[]): PolicyArtefact['success'] {
  return {
    ...base.success,
    sparseCount: 0,
    bias: Float32Array.from(bias),
    dense: new Float32Array(modelCount * denseCount),
    sparse: new Float32Array(0),
  }
}

const neighbours = neighboursOf(['the red fox runs', 'write a poem about rain', 'sum of 2 and 2'])

function neighboursOf(texts: readonly string[]): NeighbourModel {
  const embedder = createNeighbourEmbedder()
  const codes = new Int8Array(texts.length * NEIGHBOUR_DIMS)
  const scales = Float32Array.from(texts, (text, row) => embedder.embed(text, codes, row * NEIGHBOUR_DIMS))
  return {
    count: texts.length,
    neighbourCount: 1,
    priorWeight: 0.5,
    prior: Float64Array.of(0.9, 0.5),
    codes,
    scales,
    outcomes: Uint8Array.of(OUTCOME_ONE, 0, OUTCOME_UNKNOWN, OUTCOME_ONE, OUTCOME_ONE, OUTCOME_ONE),
    calibration: Float64Array.of(4, -2, 4, -2),
  }
}

const full: PolicyArtefact = {
  ...base,
  family: 'neighbours',
  neighbours,
  latency: { quantiles: [0.5, 0.9], models: [withBias(5, 7), withBias(6, 6.5)] },
  usdQuantiles: { quantiles: [0.5], models: [base.success] },
  uncertainty: {
    covariance: Array.from({ length: modelCount }, (_, m) => identity(denseCount, m + 1)),
    noise: Float64Array.of(0.1, 0.2),
  },
}

function identity(size: number, by: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? by : 0))
}

describe('an artefact with all its parts', () => {
  it('is read back as it was, and has a version of its own', () => {
    const read = parsePolicyArtefact(formatPolicyArtefact(full))
    expect(read).toEqual(full)
    expect(policyVersionOf(read)).toBe(policyVersionOf(full))
    expect(policyVersionOf(full)).not.toBe(policyVersionOf(base))
  })

  it('is written without the parts that it does not have, so that older artefacts keep their version', () => {
    const text = formatPolicyArtefact(base)
    for (const part of ['family', 'neighbours', 'latency', 'usd_quantiles', 'uncertainty'])
      expect(text).not.toContain(`"${part}"`)
    expect(parsePolicyArtefact(text).family).toBe('linear')
  })

  it('keeps the version that artefacts had before there were families', () => {
    const artefact = trainPolicy(syntheticRows(300, 1), {
      candidates: ['strong', 'weak', 'coder'],
      withCosts: true,
      lineage: { dataCardHash: 'card', codeVersion: '0.0.0' },
      seed: 1,
    })
    expect(policyVersionOf(artefact)).toBe('policy-1-4bb96b43b409')
  })

  it.each([
    ['an unknown family', { family: 'forest' }],
    ['neighbours without any', { neighbours: undefined }],
    ['quantiles that fall', { latency: { quantiles: [0.9, 0.5], models: [withBias(5, 7), withBias(6, 6.5)] } }],
    ['a matrix too few', { uncertainty: { covariance: [identity(denseCount, 1)], noise: Float64Array.of(0.1, 0.2) } }],
  ])('is refused with %s', (_, change) => {
    const broken = { ...full, ...change } as PolicyArtefact
    expect(() => parsePolicyArtefact(formatPolicyArtefact(broken))).toThrowError(
      expect.objectContaining({ code: 'POLICY_ARTEFACT_INVALID' }) as Error,
    )
  })
})

describe('a policy that asks similar tasks', () => {
  const scorer = createPolicyScorer({ artefact: full })

  it('pulls the outcome of the nearest towards the prior', () => {
    const { raw, gain } = scorer.score('the red fox runs')
    expect(raw[0]).toBeCloseTo((0.5 * 0.9 + 1) / 1.5, 2)
    expect(raw[1]).toBeCloseTo((0.5 * 0.5) / 1.5, 2)
    expect(gain).toBe((raw[0] ?? 0) - (raw[1] ?? 0))
    expect(scorer.scoreGain('the red fox runs')).toBe(gain)
  })

  it('keeps the prior where the nearest has no outcome, or nothing is similar', () => {
    expect(scorer.score('write a poem about rain').raw[0]).toBe(0.9)
    expect([...scorer.score('?!').raw]).toEqual([0.9, 0.5])
  })

  it('gives the same bits alone and in a batch', () => {
    const prompts = ['the fox', 'a poem', 'sum of 2', 'rain', 'red'].map((words) => `${words} please`)
    const together = createBatchScorer(scorer, createTypeScriptKernel()).score(prompts)
    expect(together.scores).toEqual(prompts.map((prompt) => scorer.score(prompt)))
  })

  it('is served by its linear part where the text was not kept', () => {
    const raw = createFeatureExtractor().extract('the red fox runs').dense.slice()
    const linear = createPolicyScorer({ artefact: base })
    expect(scorer.scoreFeatures(raw)).toEqual(linear.scoreFeatures(raw))
    expect(() => scorer.scoreFeatures(raw.subarray(1))).toThrow(RangeError)
  })
})

describe('what a policy says beside chances', () => {
  const scorer = createPolicyScorer({ artefact: full })

  it('has quantiles that do not cross', () => {
    const [half, most] = scorer.latencyQuantiles('any') ?? []
    expect(half?.[0]).toBeCloseTo(Math.expm1(5), 9)
    expect(most?.[0]).toBeCloseTo(Math.expm1(6), 9)
    expect(most?.[1]).toBe(half?.[1])
  })

  it('says nothing of what it did not learn', () => {
    const bare = createPolicyScorer({ artefact: base })
    expect(bare.latencyQuantiles('any')).toBeUndefined()
    expect(bare.usdQuantiles('any')).toBeUndefined()
    expect(bare.uncertaintyOf(bare.encode('any'))).toBeUndefined()
  })

  it('knows the variance of its estimates: x transposed, C, x', () => {
    const task = scorer.encode('the red fox runs')
    const squares = task.dense.reduce((sum, value) => sum + value * value, 0)
    const [first, second] = scorer.uncertaintyOf(task) ?? []
    expect(first).toBeCloseTo(squares, 9)
    expect(second).toBeCloseTo(2 * squares, 9)
  })

  it('scores a task from its features as from its text, where no hashed feature has a weight', () => {
    const dense = { ...base, success: { ...base.success, sparse: new Float32Array(base.success.sparse.length) } }
    const plain = createPolicyScorer({ artefact: dense })
    const raw = createFeatureExtractor().extract('the red fox runs').dense.slice()
    expect(plain.scoreFeatures(raw)).toEqual(plain.score('the red fox runs'))
  })
})

import { describe, expect, it } from 'vitest'
import { trainPolicy } from '../../../src/core/learning/train-policy.ts'
import { formatPolicyArtefact, parsePolicyArtefact, policyVersionOf } from '../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { syntheticRows } from './synthetic-rows.ts'

const LINEAGE = { dataCardHash: 'card', codeVersion: '0.0.0' }
const rows = syntheticRows(300, 1)
const pair = trainPolicy(rows, {
  candidates: ['strong', 'weak'],
  pair: { strong: 'strong', weak: 'weak' },
  withCosts: false,
  lineage: LINEAGE,
  seed: 1,
})
const many = trainPolicy(rows, { candidates: ['strong', 'weak', 'coder'], withCosts: true, lineage: LINEAGE, seed: 1 })
const COMPOUND =
  'What about the lake?\nA. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong\nAnswer:'
const PLAIN = 'What about the lake?\nA. oxygen\nB. seven miles\nC. a red stone\nD. nobody knows\nAnswer:'

describe('a trained policy', () => {
  it('sends to the strong model what the weak one fails', () => {
    const scorer = createPolicyScorer({ artefact: pair })
    expect(scorer.scoreGain(COMPOUND)).toBeGreaterThan(scorer.scoreGain(PLAIN) + 0.2)
  })

  it('gives calibrated chances', () => {
    const { success } = createPolicyScorer({ artefact: pair }).score(PLAIN)
    expect(success[0]).toBeGreaterThan(0.85)
    expect(success[1]).toBeGreaterThan(0.75)
    expect(createPolicyScorer({ artefact: pair }).score(COMPOUND).success[1]).toBeLessThan(0.4)
  })

  it('trusts a weak answer whose arithmetic holds', () => {
    const scorer = createPolicyScorer({ artefact: pair })
    const right = scorer.scoreGainAfter(PLAIN, '20 + 1 = 21\nThe answer is 21')
    const wrong = scorer.scoreGainAfter(PLAIN, '20 + 1 = 22\nThe answer is 21')
    expect(wrong).toBeGreaterThan(right + 0.3)
    expect(scorer.answerSuccess(PLAIN, '20 + 1 = 21\nThe answer is 21')).toBeGreaterThan(0.7)
  })

  it('learns which model suits which form, and what it costs', () => {
    const scorer = createPolicyScorer({ artefact: many })
    const code = 'Write a python function lake(list) that returns an int. assert lake([]) == 0'
    expect(scorer.score(code).success[2]).toBeGreaterThan(0.8)
    expect(scorer.score(PLAIN).success[2]).toBeLessThan(0.5)
    expect([...(scorer.expectedUsd(PLAIN) ?? [])].map((usd) => Math.round(usd * 1000))).toEqual([10, 1, 2])
    expect(many.operatingPoints.length).toBeGreaterThan(0)
  })

  it('is the same for the same rows and seed', () => {
    const again = trainPolicy(syntheticRows(300, 1), {
      candidates: ['strong', 'weak', 'coder'],
      withCosts: true,
      lineage: LINEAGE,
      seed: 1,
    })
    expect(formatPolicyArtefact(again)).toBe(formatPolicyArtefact(many))
  })

  it('refuses too few rows and a pair that is not among the candidates', () => {
    const init = { candidates: ['strong', 'weak'], withCosts: false, lineage: LINEAGE, seed: 1 }
    expect(() => trainPolicy(rows.slice(0, 19), init)).toThrow(RangeError)
    expect(() => trainPolicy(rows, { ...init, pair: { strong: 'strong', weak: 'other' } })).toThrow(RangeError)
  })
})

describe('the artefact of a policy', () => {
  it.each([
    ['with a pair and a cascade', pair],
    ['with costs and operating points', many],
  ])('scores to the same bit after being written and read: %s', (_, artefact) => {
    const read = parsePolicyArtefact(formatPolicyArtefact(artefact))
    expect(read).toEqual(artefact)
    expect(policyVersionOf(read)).toBe(policyVersionOf(artefact))
    const before = createPolicyScorer({ artefact })
    const after = createPolicyScorer({ artefact: read })
    for (const { prompt } of rows.slice(0, 50)) expect(after.score(prompt)).toEqual(before.score(prompt))
  })

  it('refuses a newer format with the remedy', () => {
    const text = formatPolicyArtefact(pair).replace('"format":1', '"format":2')
    expect(() => parsePolicyArtefact(text)).toThrowError(
      expect.objectContaining({ code: 'POLICY_FORMAT_NEWER' }) as Error,
    )
  })

  it.each([
    ['cut', (text: string) => text.slice(0, -100)],
    ['changed in one weight', (text: string) => text.replace(/"bias":"../, '"bias":"zz')],
    ['of another kind', (text: string) => text.replace('kernell-policy', 'kernell-cache')],
    ['made for other features', (text: string) => text.replace('"chars"', '"charz"')],
    ['empty', () => ''],
    ['a list', () => '[]'],
  ])('refuses one that is %s', (_, damage) => {
    const text = damage(formatPolicyArtefact(pair))
    expect(() => parsePolicyArtefact(text)).toThrowError(
      expect.objectContaining({ code: 'POLICY_ARTEFACT_INVALID' }) as Error,
    )
  })

  it('holds no number that is not finite', () => {
    const broken = { ...pair, success: { ...pair.success, bias: Float32Array.of(Number.NaN, 0) } }
    expect(() => parsePolicyArtefact(formatPolicyArtefact(broken))).toThrowError(
      expect.objectContaining({ code: 'POLICY_ARTEFACT_INVALID' }) as Error,
    )
  })

  it('is scored by the kernels to the same bit as by the scorer', () => {
    const scorer = createPolicyScorer({ artefact: many })
    const loaded = createTypeScriptKernel().loadModel(many.success)
    for (const { prompt } of rows.slice(0, 20)) {
      const expected = scorer.score(prompt)
      const batch = scorer.encode(prompt)
      expect(loaded.score(batch, 'raw')).toEqual(expected.raw)
      expect(loaded.score(batch, 'sigmoid')).toEqual(expected.success)
    }
  })
})

import { describe, expect, it } from 'vitest'
import { parseCivilDate } from '../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import { trainPolicy } from '../../src/core/learning/train-policy.ts'
import { createPromptAssessor } from '../../src/core/policy/assess-prompt.ts'
import { priorSuccess } from '../../src/core/policy/success-priors.ts'
import { replayDecision } from '../../src/core/policy/replay-decision.ts'
import type { PolicyInput } from '../../src/ports/policy.ts'
import { sha256HexOfBytes } from '../../src/base/sha256.ts'
import { createRegretLedger } from '../../src/core/policy/exploration/regret-account.ts'
import { createPolicyService, PRIORS_VERSION } from '../../src/router/policy-service.ts'
import { syntheticRows } from '../core/learning/synthetic-rows.ts'

const today = parseCivilDate('2026-01-01')
if (today === undefined) throw new Error('not a date')

function entry(id: string, change: Partial<ModelEntry> = {}): ModelEntry {
  return {
    id: `provider/${id}`,
    provider: 'provider',
    model: id,
    tier: 'cheap_api',
    difficultyMax: 5,
    specialties: [],
    prices: [
      {
        inputNanosPerMillion: 1_000_000_000n,
        outputNanosPerMillion: 2_000_000_000n,
        contextTiers: [],
        source: 'test',
        checkedOn: today,
      },
    ],
    capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
    aliases: [],
    ...change,
  } as ModelEntry
}

const WEAK = entry('weak')
const STRONG = entry('strong', {
  tier: 'premium_api',
  prices: [
    {
      inputNanosPerMillion: 10_000_000_000n,
      outputNanosPerMillion: 30_000_000_000n,
      contextTiers: [],
      source: 'test',
      checkedOn: today,
    },
  ],
})
const COMPOUND =
  'What about the lake?\nA. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong\nAnswer:'
const PLAIN = 'What about the lake?\nA. oxygen\nB. seven miles\nC. a red stone\nD. nobody knows\nAnswer:'

function input(change: Partial<PolicyInput> = {}): PolicyInput {
  return {
    prompt: PLAIN,
    candidates: [WEAK, STRONG],
    excluded: [],
    fixedRoute: 'auto',
    tokensIn: 100,
    today: today as PolicyInput['today'],
    priceVersion: 'prices-1',
    draw: 0.5,
    isCascadeAllowed: false,
    recentFailures: 0,
    ...change,
  }
}

const artefact = trainPolicy(syntheticRows(300, 1), {
  candidates: ['strong', 'weak'],
  pair: { strong: 'strong', weak: 'weak' },
  withCosts: false,
  lineage: { dataCardHash: 'card', codeVersion: '0.0.0' },
  seed: 1,
})

describe('a policy on priors', () => {
  const policy = createPolicyService({ quality: 0.7, explorationRate: 0 })

  it('decides for plain tasks by tier and price, and says that it has priors only', () => {
    const record = policy.decide(input())
    expect(record).toMatchObject({
      route: 'cheap',
      policyVersion: PRIORS_VERSION,
      scorer: 'priors',
      priceVersion: 'prices-1',
    })
    expect(record.plan.map(({ modelId }) => modelId)).toEqual(['provider/weak', 'provider/strong'])
    expect(policy.scorePrompt(PLAIN)).toBeUndefined()
  })

  it.each([PLAIN, COMPOUND, 'implement Raft in C++', 'Refund $250 and delete the account permanently.'])(
    'counts with what the assessor of prompts gives to whoever has no node: %.30s',
    (prompt) => {
      const record = policy.decide(input({ prompt }))
      const { difficulty, domain, risk } = createPromptAssessor().assess(prompt)
      expect([record.difficulty, record.domain, record.risk]).toEqual([difficulty, domain, risk.risk])
      expect(record.candidates.map(({ predictedSuccess }) => predictedSuccess)).toEqual(
        [WEAK, STRONG].map((candidate) => priorSuccess(candidate, { difficulty, domain })),
      )
    },
  )

  it('sends an easy task to the cheapest tier and an expert one past it, and is sure of neither', () => {
    const candidates = [entry('nano', { tier: 'local_nano', prices: [] }), WEAK, STRONG]
    const easy = policy.decide(input({ prompt: 'What is the capital of France?', candidates, isCascadeAllowed: true }))
    expect(easy).toMatchObject({ confidence: 0.9, isQualityMet: true, difficulty: 1 })
    expect(easy.plan[0]?.modelId).toBe('provider/nano')
    const hard = policy.decide(input({ prompt: 'implement Raft in C++', candidates }))
    expect(hard.difficulty).toBe(4)
    expect(hard.confidence).toBeLessThanOrEqual(0.9)
    const open = policy.decide(input({ prompt: 'Prove the Riemann hypothesis', candidates }))
    expect(open.plan[0]?.modelId).toBe('provider/strong')
    expect(open.confidence).toBeLessThan(easy.confidence)
  })

  it('marks the bound as the caller’s only when the caller set it', () => {
    expect(policy.decide(input({ quality: 1 }))).toMatchObject({ isQualityMet: false, rule: { isQualityAsked: true } })
    expect(policy.decide(input()).rule).not.toHaveProperty('isQualityAsked')
  })

  it('expects the cost of the registry for the tokens of the task', () => {
    const record = policy.decide(input({ maxOutputTokens: 10, quality: 0 }))
    const weak = record.candidates.find(({ modelId }) => modelId === 'provider/weak')
    expect(weak?.expectedCostNanos).toBe(100_000n + 20_000n)
    expect(record.expectedTokensOut).toBe(10)
  })

  it('records excluded models with the reason and never plans them', () => {
    const record = policy.decide(
      input({ candidates: [WEAK], excluded: [{ entry: STRONG, because: 'the request may not leave this machine' }] }),
    )
    expect(record.plan.map(({ modelId }) => modelId)).toEqual(['provider/weak'])
    expect(record.candidates[1]).toMatchObject({
      modelId: 'provider/strong',
      excludedBecause: 'the request may not leave this machine',
    })
  })

  it('gives the same record for the same input, and again from the record', () => {
    const record = policy.decide(input())
    policy.decide(input({ prompt: COMPOUND }))
    expect(policy.decide(input())).toEqual(record)
    expect(replayDecision(record)).toEqual(record)
  })

  it('hashes the features that it saw', () => {
    const hash = policy.decide(input()).featureHash
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(policy.decide(input({ prompt: COMPOUND })).featureHash).not.toBe(hash)
  })
})

describe('a policy with an artefact', () => {
  const policy = createPolicyService({ artefact, quality: 0.7, explorationRate: 0 })

  it('sends compound tasks to the strong model and plain ones to the weak', () => {
    expect(policy.decide(input({ prompt: PLAIN })).plan[0]?.modelId).toBe('provider/weak')
    expect(policy.decide(input({ prompt: COMPOUND })).plan[0]?.modelId).toBe('provider/strong')
    expect(policy.decide(input()).scorer).toBe('typescript')
  })

  it('predicts for a candidate what its scorer says, to the last bit', () => {
    const scores = policy.scorePrompt(COMPOUND)
    const record = policy.decide(input({ prompt: COMPOUND }))
    expect(record.candidates.map(({ predictedSuccess }) => predictedSuccess)).toEqual([
      scores?.success['weak'],
      scores?.success['strong'],
    ])
    expect(scores?.gain).toBe(policy.scorer?.scoreGain(COMPOUND))
  })

  it('knows a model by `policyAs`, and falls back to priors for one that it does not know', () => {
    const renamed = entry('other', { policyAs: 'weak' })
    const unknown = entry('unknown')
    const record = policy.decide(input({ candidates: [renamed, unknown] }))
    const priors = createPolicyService({ quality: 0.7, explorationRate: 0 }).decide(
      input({ candidates: [renamed, unknown] }),
    )
    expect(record.candidates[0]?.predictedSuccess).toBe(policy.scorePrompt(PLAIN)?.success['weak'])
    expect(record.candidates[1]?.predictedSuccess).toBe(priors.candidates[1]?.predictedSuccess)
  })

  it('carries a version that depends on the weights', () => {
    const other = { ...artefact, success: { ...artefact.success, bias: artefact.success.bias.map((bias) => bias + 1) } }
    expect(policy.version).toMatch(/^policy-1-[0-9a-f]{12}$/)
    expect(createPolicyService({ artefact: other, quality: 0.7, explorationRate: 0 }).version).not.toBe(policy.version)
  })

  it('uses an operating point only where the caller sets no bound', () => {
    const traded = createPolicyService({
      artefact: { ...artefact, operatingPoints: [{ qualityShare: 0.95, successPerUsd: 1e9 }] },
      quality: 0.7,
      qualityShare: 0.95,
      explorationRate: 0,
    })
    expect(traded.decide(input({ prompt: COMPOUND })).plan[0]?.modelId).toBe('provider/weak')
    expect(traded.decide(input({ prompt: COMPOUND, quality: 0.7 })).plan[0]?.modelId).toBe('provider/strong')
  })
})

describe('exploration of a policy service', () => {
  const explore = { method: 'thompson', floor: 0.1, contenders: 0, width: 1.5 } as const

  it('doubts the priors, and what an artefact does not say how sure it is of not at all', () => {
    const uncertainties = (service: ReturnType<typeof createPolicyService>): readonly (number | undefined)[] =>
      service.decide(input()).candidates.map(({ uncertainty }) => uncertainty)
    expect(uncertainties(createPolicyService({ quality: 0.7, explorationRate: 0, explore }))).toEqual([0.15, 0.15])
    expect(uncertainties(createPolicyService({ artefact, quality: 0.7, explorationRate: 0, explore }))).toEqual([0, 0])
    expect(uncertainties(createPolicyService({ quality: 0.7, explorationRate: 0 }))).toEqual([undefined, undefined])
  })

  it('gives nothing up for a decision that nobody gets', () => {
    const regrets = createRegretLedger()
    const service = createPolicyService(
      { quality: 0.95, explorationRate: 0, explore: { ...explore, method: 'epsilon', usdPerDay: 0.001 } },
      { hashBytes: sha256HexOfBytes, regrets },
    )
    const first = service.decideUnserved(input())
    expect(first.exploration?.usd).toBeGreaterThan(0.000_05)
    for (let count = 0; count < 50; count += 1) expect(service.decideUnserved(input())).toEqual(first)
    expect(service.decide(input())).toEqual(first)
  })

  it('keeps within the limits of a day where only a share of the decisions was named', () => {
    const service = createPolicyService({ quality: 0.95, explorationRate: 0.5 })
    const first = service.decide(input())
    expect(first.candidates.map(({ propensity }) => propensity)).toEqual([0.75, 0.25])
    expect(first.rule?.explore?.regretLeft).toEqual({ utility: 10, usd: 1 })
    let explored = 1
    while (service.decide(input()).propensity < 1 && explored < 10_000) explored += 1
    // What was given up together is no more than the limit, and one more decision would have been.
    const each = first.exploration
    expect(explored * Math.max((each?.utility ?? 0) / 10, each?.usd ?? 0)).toBeLessThanOrEqual(1)
    expect((explored + 1) * Math.max((each?.utility ?? 0) / 10, each?.usd ?? 0)).toBeGreaterThan(1)
    expect(replayDecision(first)).toEqual(first)
  })

  it('stops for the day when its regret is used up, whichever of the policies of a node gave it up', () => {
    const regrets = createRegretLedger()
    const open = (): ReturnType<typeof createPolicyService> =>
      createPolicyService(
        { quality: 0.95, explorationRate: 0, explore: { ...explore, method: 'epsilon', utilityPerDay: 0.01 } },
        { hashBytes: sha256HexOfBytes, regrets },
      )
    const [first, second] = [open(), open()]
    const candidates = [entry('poor', { measured: { quality: 0.5 } }), entry('good', { measured: { quality: 0.95 } })]
    const propensities = Array.from({ length: 40 }, () => first.decide(input({ candidates, draw: 0.01 })).propensity)
    expect(propensities[0]).toBeLessThan(1)
    expect(propensities.at(-1)).toBe(1)
    expect(second.decide(input({ candidates, draw: 0.01 }))).toMatchObject({ propensity: 1 })
    const { rule } = second.decide(input({ candidates }))
    expect(rule?.explore?.regretLeft.utility).toBeLessThan(0.01)
    const tomorrow = parseCivilDate('2026-01-02') as PolicyInput['today']
    const fresh = second.decide(input({ candidates, draw: 0.01, today: tomorrow }))
    expect(fresh.propensity).toBeLessThan(1)
    expect(replayDecision(structuredClone(fresh))).toEqual(fresh)
  })

  it('goes by learned costs where the artefact has them', () => {
    const costs = trainPolicy(
      syntheticRows(300, 1).map(({ outcomes, ...row }) => ({
        ...row,
        outcomes: new Map(
          [...outcomes].map(([name, outcome]) => [name, { ...outcome, costUsd: name === 'weak' ? 0.002 : 0.04 }]),
        ),
      })),
      {
        candidates: ['strong', 'weak'],
        withCosts: true,
        lineage: { dataCardHash: 'card', codeVersion: '0.0.0' },
        seed: 1,
      },
    )
    const unpriced = entry('weak', { prices: [] })
    const record = createPolicyService({ artefact: costs, quality: 0.7, explorationRate: 0 }).decide(
      input({ candidates: [unpriced, entry('unknown', { prices: [] })] }),
    )
    const [weak, unknown] = record.candidates
    expect(Number(weak?.expectedCostNanos)).toBeCloseTo(2_000_000, -5)
    expect(unknown?.expectedCostNanos).toBeUndefined()
  })
})

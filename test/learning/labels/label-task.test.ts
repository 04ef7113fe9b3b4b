import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelTask } from '../../../src/learning/labels/label-task.ts'
import { SUCCESS_REASONS } from '../../../src/learning/labels/corrected-label.ts'
import type { DatasetRow } from '../../../src/learning/dataset/label-row.ts'
import { loggedTaskOf } from '../../../src/learning/dataset/logged-task-of.ts'
import { attempt, candidate, eventOf, feedback, shadow, VERIFIED } from './event-builder.ts'

type Changes = Readonly<Record<string, unknown>>

function rowOf(changes: Changes): DatasetRow {
  const result = labelTask(eventOf(changes))
  if ('dropped' in result) throw new Error(`dropped: ${result.dropped}`)
  return result.row
}
const dropOf = (changes: Changes): string | undefined => {
  const result = labelTask(eventOf(changes))
  return 'dropped' in result ? result.dropped : undefined
}

const LOCAL = { ...VERIFIED, model_planned: 'small', model_used: 'small' }
const CHEAP = { ...VERIFIED, actual_tier_used: 'cheap_api', cost_usd: 0.004, model_planned: 'mini', model_used: 'mini' }
const PREMIUM = {
  ...VERIFIED,
  actual_tier_used: 'premium_api',
  cost_usd: 0.01,
  model_planned: 'large',
  model_used: 'large',
}
const CHAIN = {
  ...VERIFIED,
  actual_tier_used: 'premium_api',
  was_escalated: true,
  escalation_chain: ['local_small', 'premium_api'],
  cost_usd: 0.2,
  latency_ms: 3000,
  model_planned: 'small',
  model_used: 'large',
  attempts: [
    attempt('small', 'local_small', { outcome: 'rejected', confidence: 0.3, latency_ms: 1000 }),
    attempt('large', 'premium_api', { cost_usd: 0.15, latency_ms: 2000 }),
  ],
}

const label = ({ optimal_route, label_reason, logged }: DatasetRow): readonly unknown[] => [
  optimal_route,
  label_reason,
  logged?.reward,
]

describe('the label of the default mode', () => {
  it.each<readonly [string, Changes, readonly unknown[]]>([
    ['a verified local success is one', LOCAL, ['local', 'succeeded_at_local', 1]],
    ['so is a cheap one', CHEAP, ['cheap', 'succeeded_at_cheap', 1]],
    [
      'premium is warranted while nobody knows better, however little it took',
      PREMIUM,
      ['premium', 'premium_warranted', 1],
    ],
    ['a chain is that of the tier that did', CHAIN, ['premium', 'local_failed_to_premium', 1]],
    [
      'a chain that failed in the end is a failure, whatever its last tier',
      { ...CHAIN, success: false, verifier_accepted: false },
      ['premium', 'all_failed_needs_premium', 0],
    ],
    [
      'a failure is one',
      { ...CHEAP, success: false, verifier_accepted: false },
      ['premium', 'all_failed_needs_premium', 0],
    ],
    [
      'a shadow that did it for less shows the better route',
      { ...PREMIUM, shadows: [shadow()] },
      ['local', 'cheaper_route_succeeded', 1],
    ],
    [
      'a shadow that failed does not',
      { ...PREMIUM, shadows: [shadow({ success: false })] },
      ['premium', 'premium_warranted', 1],
    ],
    [
      'a shadow that did what the plan could not shows the dearer route',
      {
        ...LOCAL,
        success: false,
        verifier_accepted: false,
        shadows: [shadow({ model: 'large', tier: 'premium_api', cost_usd: 0.1 })],
      },
      ['premium', 'dearer_route_succeeded', 0],
    ],
    [
      'an answer that a person refuses is none',
      { ...LOCAL, feedback: [feedback({ value: 0 })] },
      ['premium', 'all_failed_needs_premium', 0.2],
    ],
    [
      'an answer that a program refuses is doubtful',
      { ...LOCAL, feedback: [feedback({ value: 0, source: 'system' })] },
      ['premium', 'all_failed_needs_premium', 0.5],
    ],
    [
      'an answer that a person likes is good, though the verifier refused it',
      { ...CHEAP, success: false, verifier_accepted: false, feedback: [feedback()] },
      ['cheap', 'succeeded_at_cheap', 0.8],
    ],
    [
      'an answer that only a program likes stays refused',
      {
        ...CHEAP,
        success: false,
        verifier_accepted: false,
        feedback: [feedback({ source: 'system', kind: 'outcome' })],
      },
      ['premium', 'all_failed_needs_premium', 0],
    ],
    [
      'nobody can like an answer that was not given',
      { ...CHEAP, success: false, verifier_accepted: null, tokens_out: 0, feedback: [feedback()] },
      ['premium', 'all_failed_needs_premium', 0],
    ],
    [
      'a local answer that nobody checked is good when a person says so',
      { model_used: 'small', feedback: [feedback()] },
      ['local', 'succeeded_at_local', 1],
    ],
    [
      'an answer of an interface that nobody checked is a success',
      { ...CHEAP, verifier_accepted: null, verifier_confidence: null },
      ['cheap', 'succeeded_at_cheap', 1],
    ],
  ])('%s', (_what, changes, expected) => {
    expect(label(rowOf(changes))).toEqual(expected)
  })

  it('is not made from what the policy alone thought of an answer, but from what people say of it', () => {
    const doubted = {
      ...CHEAP,
      success: false,
      verifier_accepted: false,
      verifier_confidence: 0.6,
      candidates: [candidate('mini', 'cheap_api', 1)],
      attempts: [attempt('mini', 'cheap_api', { outcome: 'rejected', confidence: 0.6 })],
    }
    expect(dropOf(doubted)).toBe('unverified')
    expect(label(rowOf({ ...doubted, feedback: [feedback()] }))).toEqual(['cheap', 'succeeded_at_cheap', 1])
    expect(rowOf({ ...doubted, feedback: [feedback({ value: 0 })] }).logged?.reward).toBe(0)
    const found = [attempt('mini', 'cheap_api', { outcome: 'rejected', confidence: 0.5 })]
    expect(rowOf({ ...doubted, attempts: found }).logged?.reward).toBe(0)
  })

  it('knows nothing of a model that the plan left in doubt of its own', () => {
    const left = [
      attempt('mini', 'cheap_api', { outcome: 'rejected', confidence: 0.6 }),
      attempt('large', 'premium_api'),
    ]
    const of = (confidence: number): unknown =>
      rowOf({
        ...CHAIN,
        model_planned: 'mini',
        candidates: [candidate('mini', 'cheap_api', 1)],
        attempts: left.map((one) => (one['model'] === 'mini' ? { ...one, confidence } : one)),
      }).logged?.outcomes['mini']
    expect(of(0.6)).toBeUndefined()
    expect(of(0.2)).toMatchObject({ success: 0 })
  })

  it('is not given where nothing is known', () => {
    expect(dropOf({ model_used: 'small' })).toBe('unverified')
    expect(dropOf({ ...LOCAL, actual_tier_used: 'cache' })).toBe('unknown_tier')
  })

  it('is the surer the more is known of cheaper routes', () => {
    const unseen = rowOf(PREMIUM).label_confidence
    const seen = rowOf({ ...PREMIUM, shadows: [shadow({ success: false })] }).label_confidence
    const said = rowOf({ ...PREMIUM, feedback: [feedback()] }).label_confidence
    expect([unseen, seen, said]).toEqual([0.657, 0.702, 0.708])
  })

  it('counts what the plan cost beyond the best route, waiting included', () => {
    expect(rowOf(LOCAL).penalty).toBe(0)
    // 0.05 dollars more than the premium call alone, and a second longer.
    expect(rowOf(CHAIN).penalty).toBe(0.15)
    expect(rowOf({ ...PREMIUM, shadows: [shadow()] }).penalty).toBe(0.03)
  })
})

describe('the outcomes of a row', () => {
  it('are those of the models that were called, and of shadows beside them', () => {
    const row = rowOf({
      ...CHAIN,
      shadows: [shadow(), shadow({ shadow_id: 's2', model: 'small', tier: 'local_small' })],
    })
    expect(row.logged?.outcomes).toEqual({
      small: { success: 0, cost_usd: 0, latency_ms: 1000, source: 'executed' },
      large: { success: 1, cost_usd: 0.15, latency_ms: 2000, source: 'executed' },
      tiny: { success: 1, cost_usd: 0, latency_ms: 200, source: 'shadow' },
    })
  })

  it('are exploration where the policy would rather have begun with another', () => {
    const candidates = [candidate('small', 'local_small', 0.95), candidate('mini', 'cheap_api', 0.05)]
    const explored = rowOf({ ...CHEAP, candidates, propensity: 0.5 }).logged
    expect([explored?.action, explored?.propensity, explored?.outcomes['mini']?.source]).toEqual([
      'mini',
      0.05,
      'exploration',
    ])
    const greedy = rowOf({ ...LOCAL, candidates }).logged
    expect([greedy?.propensity, greedy?.outcomes['small']?.source]).toEqual([0.95, 'executed'])
  })

  it('are feedback where somebody said something, and it is of the model that answered', () => {
    const { outcomes, reward_source } = rowOf({ ...CHAIN, feedback: [feedback({ value: 0 })] }).logged ?? {}
    expect([outcomes?.['small']?.source, outcomes?.['large'], reward_source]).toEqual([
      'executed',
      { success: 0.2, cost_usd: 0.15, latency_ms: 2000, source: 'feedback' },
      'feedback',
    ])
  })

  it('hear the last word of who changed their mind, in any order of the file', () => {
    const down = feedback({ feedback_id: 'f2', value: 0, timestamp: '2026-02-03T00:00:00.000Z' })
    for (const said of [
      [feedback(), down],
      [down, feedback()],
    ])
      expect(rowOf({ ...LOCAL, feedback: said }).logged?.reward).toBe(0.2)
  })

  it('take agreement with a right answer for half a verdict', () => {
    const agreed = { ...PREMIUM, shadows: [shadow({ success: null, agreement: 0.9 })] }
    expect(rowOf(agreed).logged?.outcomes['tiny']).toMatchObject({ success: 0.9 })
    expect(rowOf({ ...agreed, success: false, verifier_accepted: false }).logged?.outcomes['tiny']).toBeUndefined()
  })

  it('add up calls of one model', () => {
    const again = {
      ...LOCAL,
      attempts: [
        attempt('small', 'local_small', { outcome: 'failed', confidence: null, cost_usd: 0.1 }),
        attempt('small', 'local_small', { cost_usd: 0.2 }),
      ],
    }
    expect(rowOf(again).logged?.outcomes).toEqual({
      small: { success: 1, cost_usd: 0.30000000000000004, latency_ms: 600, source: 'executed' },
    })
  })

  it('are those of tiers where the record names no model', () => {
    const row = rowOf({
      ...VERIFIED,
      actual_tier_used: 'cheap_api',
      was_escalated: true,
      escalation_chain: ['local_small', 'cheap_api'],
      cost_usd: 0.01,
    })
    expect(row.logged).toMatchObject({ action: 'local_small', propensity: 1, candidates: [] })
    expect(row.logged?.outcomes).toMatchObject({
      local_small: { success: 0, cost_usd: null },
      cheap_api: { success: 1 },
    })
  })

  it('are none of a split task, whose models did parts of it', () => {
    const attempts = [attempt('small', 'local_small', { step: 1 }), attempt('large', 'premium_api', { step: 2 })]
    const { logged } = rowOf({ ...PREMIUM, model_planned: 'small', attempts })
    expect([logged?.outcomes, logged?.action, logged?.reward]).toEqual([{}, 'small', 1])
  })

  it('are a task of the log', () => {
    expect(loggedTaskOf(rowOf({ ...CHAIN, policy_version: 'v1', task_text: 'do it' }))).toMatchObject({
      prompt: 'do it',
      policyVersion: 'v1',
      action: 'small',
      outcome: { success: 1, costUsd: 0.2, latencyMs: 3000, source: 'executed' },
    })
  })
})

const tiers = fc.constantFrom('local_nano', 'local_small', 'cheap_api', 'premium_api', 'peer', 'cache')
const routedTiers = fc.constantFrom('local_nano', 'local_large', 'cheap_api', 'premium_api')
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(arbitrary, { nil: null })
const unit = fc.double({ min: 0, max: 1, noNaN: true })

const records = fc.record({
  actual_tier_used: routedTiers,
  success: fc.boolean(),
  was_escalated: fc.boolean(),
  escalation_chain: fc.array(tiers, { maxLength: 4 }),
  cost_usd: maybe(fc.double({ min: 0, max: 3, noNaN: true })),
  latency_ms: fc.double({ min: 0, max: 90_000, noNaN: true }),
  tokens_out: fc.nat(2000),
  verifier_accepted: maybe(fc.boolean()),
  verifier_confidence: maybe(unit),
  model_planned: maybe(fc.constantFrom('a', 'b', 'c')),
  model_used: maybe(fc.constantFrom('a', 'b', 'c')),
  attempts: fc.array(
    fc.record({
      model: fc.constantFrom('a', 'b', 'c'),
      tier: routedTiers,
      outcome: fc.constantFrom('accepted', 'rejected', 'failed', 'aborted'),
      confidence: maybe(unit),
      tokens_in: fc.nat(100),
      tokens_out: fc.nat(100),
      cost_usd: maybe(unit),
      latency_ms: fc.nat(9000),
    }),
    { maxLength: 4 },
  ),
  shadows: fc.array(
    fc
      .record({
        success: maybe(fc.boolean()),
        agreement: maybe(unit),
        tier: tiers,
        model: fc.constantFrom('a', 'b', 'd'),
      })
      .map(shadow),
    { maxLength: 3 },
  ),
  feedback: fc.array(
    fc
      .record({
        value: unit,
        kind: fc.constantFrom('thumbs', 'edit', 'score', 'outcome'),
        source: fc.constantFrom('user', 'system'),
      })
      .map(feedback),
    { maxLength: 3 },
  ),
})

describe('for any record', () => {
  const isFor = (said: readonly Changes[]): boolean =>
    said.some(({ source, value }) => source === 'user' && Number(value) >= 0.5)

  it('no failed chain is a success label, unless a person who had the answer says that it was good', () => {
    fc.assert(
      fc.property(records, (record) => {
        fc.pre(!isFor(record.feedback))
        const result = labelTask(eventOf({ ...record, success: false }))
        if ('dropped' in result) return
        const { label_reason: reason, logged } = result.row
        expect(SUCCESS_REASONS).not.toContain(reason)
        expect(logged?.reward).toBe(0)
        expect(loggedTaskOf(result.row).outcome.success).toBe(0)
      }),
      { numRuns: 3000, seed: 11 },
    )
  })

  it('no local success counts that nobody verified', () => {
    fc.assert(
      fc.property(records, (record) => {
        fc.pre(record.feedback.length === 0)
        const changes = {
          ...record,
          success: true,
          actual_tier_used: 'local_small',
          verifier_accepted: null,
          feedback: [],
        }
        const result = labelTask(eventOf(changes))
        expect(result).toEqual({ dropped: 'unverified' })
      }),
      { numRuns: 1000, seed: 12 },
    )
  })

  it('figures are in their ranges, and the row is a task of the log', () => {
    fc.assert(
      fc.property(records, (record) => {
        const result = labelTask(eventOf(record))
        if ('dropped' in result) return
        const task = loggedTaskOf(result.row)
        const shares = [
          result.row.label_confidence,
          task.outcome.success,
          ...[...task.observed.values()].map(({ success }) => success),
        ]
        for (const share of shares) expect(share >= 0 && share <= 1).toBe(true)
        expect(task.propensity > 0 && task.propensity <= 1 && task.action !== '').toBe(true)
        expect(result.row.penalty).toBeGreaterThanOrEqual(0)
        expect(result.row.should_use_premium).toBe(result.row.optimal_route === 'premium')
      }),
      { numRuns: 2000, seed: 13 },
    )
  })
})

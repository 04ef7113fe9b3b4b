import { describe, expect, it } from 'vitest'
import { labelCompatibly } from '../../../src/learning/labels/compatibility-label.ts'
import { roundHalfEven } from '../../../src/learning/labels/round-half-even.ts'
import { eventOf, VERIFIED } from './event-builder.ts'

type Changes = Readonly<Record<string, unknown>>

/** Optimal route, reason, penalty, confidence, error type, severity; or the reason of the drop. */
function labelled(changes: Changes): readonly unknown[] | string {
  const result = labelCompatibly(eventOf(changes))
  if ('dropped' in result) return result.dropped
  const { row } = result
  return [row.optimal_route, row.label_reason, row.penalty, row.label_confidence, row.error_type, row.error_severity]
}

const LOCAL = { actual_tier_used: 'local_large', ...VERIFIED }
const CHEAP = { actual_tier_used: 'cheap_api', cost_usd: 0.004, ...VERIFIED }
const PREMIUM = { actual_tier_used: 'premium_api', cost_usd: 0.019, ...VERIFIED }
const escalated = (actual: string, ...chain: readonly string[]): Changes => ({
  actual_tier_used: actual,
  was_escalated: true,
  escalation_chain: chain,
  cost_usd: 0.2,
  latency_ms: 3000,
  ...VERIFIED,
})

describe('a compatible label', () => {
  it.each<readonly [string, Changes, readonly unknown[]]>([
    ['1: local', LOCAL, ['local', 'succeeded_at_local', 0, 0.95, 'none', 0.004]],
    ['2: cheap', CHEAP, ['cheap', 'succeeded_at_cheap', 0, 0.9, 'none', 0.006]],
    ['3a: premium for little', PREMIUM, ['cheap', 'premium_overkill_low_tokens', 0.014, 0.75, 'misroute', 0.0275]],
    [
      '3a: cheaper than cheap',
      { ...PREMIUM, cost_usd: 0.001 },
      ['cheap', 'premium_overkill_low_tokens', -0.004, 0.75, 'misroute', 0.0045],
    ],
    ['3b: too dear', { ...PREMIUM, cost_usd: 0.02 }, ['premium', 'premium_warranted', 0, 0.85, 'none', 0.014]],
    [
      '4a: local, then cheap',
      escalated('cheap_api', 'local_nano', 'local_small', 'cheap_api'),
      ['cheap', 'local_failed_cheap_succeeded', 0.3, 0.85, 'underestimation', 0.43],
    ],
    [
      '4b: local, then premium',
      escalated('premium_api', 'local_nano', 'cheap_api', 'premium_api'),
      ['premium', 'local_failed_to_premium', 0.4, 0.8, 'underestimation', 0.53],
    ],
    [
      '4c: cheap, then premium',
      escalated('premium_api', 'cheap_api', 'premium_api'),
      ['premium', 'cheap_failed_to_premium', 0.305, 0.85, 'underestimation', 0.435],
    ],
    ['5: failed', { ...CHEAP, success: false }, ['premium', 'all_failed_needs_premium', 0.004, 0.6, 'misroute', 0.01]],
    [
      '5: not verified',
      { ...escalated('local_large', 'local_nano', 'local_large'), verifier_accepted: false },
      ['premium', 'all_failed_needs_premium', 0.2, 0.6, 'underestimation', 0.33],
    ],
    [
      '6: otherwise',
      escalated('local_large', 'local_nano', 'local_large'),
      ['local', 'ambiguous_actual_used', 0, 0.5, 'underestimation', 0.13],
    ],
  ])('by rule %s', (_rule, changes, expected) => {
    expect(labelled(changes)).toEqual(expected)
  })

  it.each<readonly [string, Changes, string]>([
    ['499 tokens', { tokens_in: 250, tokens_out: 249 }, 'premium_overkill_low_tokens'],
    ['500 tokens', { tokens_in: 250, tokens_out: 250 }, 'premium_warranted'],
    ['a score of 0.75', { verifier_confidence: 0.75 }, 'premium_overkill_low_tokens'],
    ['a score below 0.75', { verifier_confidence: 0.7499 }, 'premium_warranted'],
    ['an unverified answer', { verifier_accepted: null }, 'premium_warranted'],
    ['a refused answer', { verifier_accepted: false }, 'premium_warranted'],
    ['a cost just below', { cost_usd: 0.019999 }, 'premium_overkill_low_tokens'],
    ['an unknown cost', { cost_usd: null }, 'premium_warranted'],
  ])('of premium with %s', (_case, changes, reason) => {
    expect(labelled({ ...PREMIUM, ...changes })[1]).toBe(reason)
  })

  it.each<readonly [string, Changes, number | string]>([
    ['1 at 0.85', LOCAL, 0.95],
    ['1 at 0.85 exactly', { ...LOCAL, verifier_confidence: 0.85 }, 0.95],
    ['1 below 0.85', { ...LOCAL, verifier_confidence: 0.8499 }, 0.665],
    ['1 without a score', { ...LOCAL, verifier_confidence: null }, 0.665],
    ['2 below', { ...CHEAP, verifier_confidence: 0.5 }, 0.63],
    ['3a below', { ...PREMIUM, verifier_confidence: 0.8 }, 0.525],
    ['3b below', { ...PREMIUM, cost_usd: 1, verifier_confidence: 0.8 }, 0.595],
    ['4b below', { ...escalated('premium_api', 'local_nano', 'premium_api'), verifier_confidence: 0.8 }, 0.56],
    ['5 at 0.85', { ...CHEAP, success: false, verifier_confidence: 0.85 }, 0.6],
    ['5 below', { ...CHEAP, success: false, verifier_confidence: 0.84 }, 'ambiguous'],
    ['5 without a score', { ...CHEAP, success: false, verifier_confidence: null }, 'ambiguous'],
    ['6 at 0.85', { ...escalated('local_large', 'local_nano', 'local_large'), verifier_confidence: 0.85 }, 0.5],
    ['6 below', { ...escalated('local_large', 'local_nano', 'local_large'), verifier_confidence: 0.84 }, 'ambiguous'],
  ])('is as sure as rule and verifier are, and dropped below 0.5: rule %s', (_case, changes, confidence) => {
    const label = labelled(changes)
    expect(typeof label === 'string' ? label : label[3]).toBe(confidence)
  })

  it('of rule 5 needs verified success: an inconclusive verifier, however sure, accepted nothing', () => {
    const chain = { ...escalated('local_large', 'local_nano', 'local_large'), verifier_accepted: null }
    expect(labelled(chain)[1]).toBe('all_failed_needs_premium')
  })

  it('of a chain that failed in the end is that of its last tier: the fault that compatibility keeps', () => {
    expect(labelled({ ...escalated('premium_api', 'cheap_api', 'premium_api'), success: false })[1]).toBe(
      'cheap_failed_to_premium',
    )
  })

  it.each<readonly [string, Changes]>([
    ['of one tier', escalated('cheap_api', 'cheap_api')],
    ['that is empty', escalated('cheap_api')],
    ['that goes down', escalated('cheap_api', 'premium_api', 'cheap_api')],
    ['that begins with the cache', escalated('cheap_api', 'cache', 'cheap_api')],
    ['of the same route', escalated('cheap_api', 'cheap_api', 'cheap_api')],
  ])('of a chain %s is rule 6 when verified, rule 5 when not', (_case, changes) => {
    expect(labelled(changes)[1]).toBe('ambiguous_actual_used')
    expect(labelled({ ...changes, verifier_accepted: false })[1]).toBe('all_failed_needs_premium')
  })

  it('counts no chain where nothing was escalated', () => {
    expect(labelled({ ...CHEAP, escalation_chain: ['local_nano', 'cheap_api'] })[1]).toBe('succeeded_at_cheap')
  })

  it.each(['cache', 'deterministic', 'peer', 'none', 'hybrid', 'mystery', '', 'localhost'])(
    'is not given to tier %j',
    (tier) => {
      expect(labelled({ ...LOCAL, actual_tier_used: tier })).toBe('unknown_tier')
    },
  )

  it.each([
    ['local_nano', 'local'],
    ['local_medium', 'local'],
    ['local_other', 'local'],
    ['cheap_api', 'cheap'],
    ['premium_api', 'premium'],
  ])('of tier %s is of route %s', (tier, route) => {
    const result = labelCompatibly(eventOf({ ...LOCAL, actual_tier_used: tier, cost_usd: 1 }))
    expect('row' in result && result.row.actual_route).toBe(route)
  })

  it.each<readonly [string, Changes, string]>([
    [
      'escalation, whatever was predicted',
      { ...escalated('cheap_api', 'local_nano', 'cheap_api'), policy_route_predicted: 'premium' },
      'underestimation',
    ],
    [
      'predicted local, premium needed',
      { ...PREMIUM, cost_usd: 1, policy_route_predicted: 'local' },
      'underestimation',
    ],
    ['predicted premium, cheap enough', { ...PREMIUM, policy_route_predicted: 'premium' }, 'overestimation'],
    ['predicted premium, went cheap', { ...CHEAP, policy_route_predicted: 'premium' }, 'overestimation'],
    ['premium for little, predicted hybrid', { ...PREMIUM, policy_route_predicted: 'hybrid' }, 'misroute'],
    ['predicted local by tier', { ...PREMIUM, cost_usd: 1, predicted_tier: 'local_small' }, 'underestimation'],
    [
      'the route before the tier',
      { ...PREMIUM, cost_usd: 1, predicted_tier: 'local_small', policy_route_predicted: 'premium' },
      'none',
    ],
    ['predicted local, went cheap, cheap right', { ...CHEAP, policy_route_predicted: 'local' }, 'none'],
  ])('names the error: %s', (_case, changes, error) => {
    expect(labelled(changes)[4]).toBe(error)
  })

  it("holds the contract's fields as they were observed", () => {
    const result = labelCompatibly(
      eventOf({
        ...CHEAP,
        task_token_count: 9,
        task_domain: 'code',
        hardware_tier: 'balanced',
        has_gpu: true,
        predicted_tier: 'local_nano',
      }),
    )
    expect(result).toEqual({
      row: {
        task_hash: 'a'.repeat(64),
        task_token_count: 9,
        task_domain: 'code',
        hardware_tier: 'balanced',
        has_gpu: true,
        predicted_route: 'local',
        actual_route: 'cheap',
        was_escalated: false,
        escalation_chain: [],
        success: true,
        cost_usd: 0.004,
        latency_s: 0.4,
        tokens_total: 150,
        optimal_route: 'cheap',
        should_use_premium: false,
        penalty: 0,
        label_confidence: 0.9,
        label_reason: 'succeeded_at_cheap',
        error_type: 'none',
        error_severity: 0.006,
      },
    })
  })

  it('of an unknown cost says so, and adds nothing for it', () => {
    const result = labelCompatibly(
      eventOf({ ...escalated('premium_api', 'local_nano', 'premium_api'), cost_usd: null }),
    )
    expect(result).toMatchObject({ row: { cost_usd: null, penalty: 0.3, error_severity: 0.33 } })
  })
})

describe('rounding', () => {
  it.each([
    [0.0078125, 6, 0.007812],
    [0.0234375, 6, 0.023438],
    [-0.0078125, 6, -0.007812],
    [0.0625, 3, 0.062],
    [0.1875, 3, 0.188],
    [0.6649999999999999, 3, 0.665],
    [1.0000005, 6, 1.000001],
    [0.0000004, 6, 0],
    [-0.0000004, 6, 0],
    [1e300, 6, 1e300],
  ] as const)('of %s to %s decimals is %s: exactly between goes to the even digit', (value, decimals, expected) => {
    expect(Object.is(roundHalfEven(value, decimals), expected)).toBe(true)
  })
})

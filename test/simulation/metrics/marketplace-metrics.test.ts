import { expect, it } from 'vitest'
import {
  type AgentOutcome,
  marketplaceMetrics,
  type MarketplaceOutcome,
  type SellerSight,
} from '../../../src/simulation/metrics/marketplace-metrics.ts'

const CREDIT = 1_000_000_000n

function agentOf(name: string, changes: Partial<AgentOutcome> = {}): AgentOutcome {
  const none = { profitNanos: 0n, workNanos: 0n, inspectionNanos: 0n, lostNanos: 0n, attempts: 0, successes: 0 }
  return { name, side: 'seller', strategy: 'honest', isChosen: false, ...none, ...changes }
}

function sightOf(name: string, standingPpm: number | undefined, changes: Partial<SellerSight> = {}): SellerSight {
  return { name, isHonest: true, standingPpm, detectedMs: undefined, hasCheated: false, strategy: 'honest', ...changes }
}

const OUTCOME: MarketplaceOutcome = {
  agents: [
    agentOf('cheap', { workNanos: CREDIT, profitNanos: CREDIT }),
    agentOf('dear', { workNanos: 3n * CREDIT }),
    agentOf('crook', {
      strategy: 'lazy',
      isChosen: true,
      workNanos: CREDIT / 10n,
      profitNanos: -2n * CREDIT,
      lostNanos: CREDIT,
      attempts: 2,
      successes: 1,
    }),
    agentOf('buyer', { side: 'buyer' }),
  ],
  purchases: [
    {
      buyer: 'buyer',
      skill: 'a',
      valueNanos: 5n * CREDIT,
      seller: 'cheap',
      priceNanos: 2n * CREDIT,
      hasRightResult: true,
    },
    {
      buyer: 'buyer',
      skill: 'a',
      valueNanos: 5n * CREDIT,
      seller: 'dear',
      priceNanos: 4n * CREDIT,
      hasRightResult: true,
    },
    { buyer: 'buyer', skill: 'a', valueNanos: 5n * CREDIT, seller: 'crook', priceNanos: CREDIT, hasRightResult: false },
  ],
  costNanos: (seller) => ({ cheap: CREDIT, dear: 3n * CREDIT })[seller] ?? 2n * CREDIT,
  sights: [
    sightOf('cheap', 700_000),
    sightOf('dear', 500_000),
    sightOf('crook', 400_000, { isHonest: false, hasCheated: true, detectedMs: 50, strategy: 'lazy' }),
    sightOf('unknown', undefined, { isHonest: false, hasCheated: true, strategy: 'lazy' }),
  ],
}

it('counts what work in vain cost against what was reached', () => {
  const metrics = marketplaceMetrics(OUTCOME)
  expect(metrics).toMatchObject({ welfare_optimal_credits: 12, purchases: 3, purchases_right: 2 })
  expect(metrics['welfare_credits']).toBeCloseTo(10 - 4.1, 9)
  expect(metrics['trade_share']).toBeCloseTo(6 / 12, 9)
})

it('shares prices and earnings out among those who did the work', () => {
  const metrics = marketplaceMetrics(OUTCOME)
  expect(metrics['price_dispersion']).toBeCloseTo(Math.SQRT2 / 3, 9)
  expect(metrics['concentration_hhi']).toBeCloseTo(1 / 9 + 4 / 9, 9)
})

it('says of each strategy what it tried, got and lost', () => {
  expect(marketplaceMetrics(OUTCOME)).toMatchObject({
    chosen: 1,
    chosen_profit_credits: -2,
    strategies: {
      lazy: { agents: 1, attempts: 2, successes: 1, profit_credits: -2, stakes_lost_credits: 1 },
      honest: { agents: 3, attempts: 0 },
    },
  })
})

it('tells honest from dishonest by what buyers hold of them, and counts those that nobody saw through', () => {
  expect(marketplaceMetrics(OUTCOME)).toMatchObject({
    reputation_auc: 1,
    detection: { lazy: { cheats: 2, detected: 1, median_ms: 50 } },
  })
})

it('has no figure where there was nothing to measure', () => {
  const empty = marketplaceMetrics({ agents: [], purchases: [], costNanos: () => 0n, sights: [] })
  expect(empty).toMatchObject({
    welfare_share: null,
    price_dispersion: null,
    concentration_hhi: null,
    reputation_auc: null,
  })
})

import { z } from 'zod'
import { STRATEGIES } from '../../market/strategies/strategies.ts'

const SHARE = z.number().min(0).max(1)
const PER_MILLION = z.int().min(0).max(1_000_000)

/** What a marketplace is played by. Shares are 0 to 1, or millionths where their name says so; spans are virtual milliseconds. */
export const MARKETPLACE_OPTIONS = z.strictObject({
  /** Sellers and buyers together. */
  agents: z.int().min(2).max(2_000).default(16),
  /** Notaries: 1, or 3f + 1. */
  nodes: z
    .int()
    .refine((count) => count === 1 || (count % 3 === 1 && count <= 10), 'nodes must be 1, 4, 7 or 10')
    .default(1),
  /** Tasks of each buyer. */
  steps: z.int().min(1).max(10_000).default(4),
  /** Sellers among the agents. */
  sellers: SHARE.default(0.5),
  arbiters: z.int().min(0).max(16).default(3),
  /** Arbiters that have to agree. */
  rulers: z.int().min(1).max(16).default(2),
  /** Arbiters that see the contrary of what is there. */
  arbiterError: SHARE.default(0),
  /** Played by the chosen agents, on the sides that it plays. */
  strategy: z
    .string()
    .refine((name) => STRATEGIES.has(name), 'strategy must be one of those that there are')
    .default('honest'),
  /** Chosen agents of each side. */
  attackers: SHARE.default(0.25),
  /** Numbers of the strategy. */
  parameters: z.record(z.string(), z.number()).default({}),
  /** Kinds of work. */
  skills: z.int().min(1).max(64).default(3),
  /** Tasks whose results no predicate can judge. */
  openShare: SHARE.default(0.5),
  /** Tasks that go to an auction by sealed second price; others to the best standing offer. */
  auctions: SHARE.default(0.25),
  custody: z.enum(['C2', 'C3']).default('C3'),
  /** Of the price: bonds of both sides, what a party rejects with, and what a worker that does not deliver loses of its bond. */
  bondPerMillion: PER_MILLION.default(200_000),
  disputeBondPerMillion: PER_MILLION.default(100_000),
  penaltyPerMillion: PER_MILLION.default(100_000),
  feePerMillion: z.int().min(0).max(50_000).default(10_000),
  /** Of the dispute bond, for the arbiters together. */
  arbiterSharePerMillion: PER_MILLION.default(500_000),
  /** Of the highest price: what a bidder that does not reveal loses. */
  depositPerMillion: PER_MILLION.default(10_000),
  /** Of the value of a task: what its buyer pays at most. */
  reservePerMillion: PER_MILLION.default(1_000_000),
  /** Of the value of a task: what looking at a result costs. */
  inspectionPerMillion: PER_MILLION.default(20_000),
  /** What a seller of whom nothing is known may have of a buyer's open contracts beyond its bond, in credits. */
  newcomerCredits: z.number().min(0).max(1_000_000).default(20),
  /** Below this standing nobody works for an honest buyer, parts per million; 500,000 says nothing. */
  reputationPpmMin: PER_MILLION.default(400_000),
  /** What everybody has at the beginning, in credits. */
  fundsCredits: z.number().min(1).max(1_000_000).default(1_000),
  /** Between two tasks of a buyer, on average. */
  gapMs: z.int().min(100).max(86_400_000).default(20_000),
  /** Between two looks of a seller at what it asks; 0: it says it once. */
  offersEveryMs: z.int().min(0).max(86_400_000).default(0),
})

export type MarketplaceOptions = z.output<typeof MARKETPLACE_OPTIONS>

import { z } from 'zod'
import { STRATEGIES } from '../../market/strategies/strategies.ts'

const SHARE = z.number().min(0).max(1)
const PER_MILLION = z.int().min(0).max(1_000_000)

/** What a marketplace is played by. Shares are 0 to 1, or millionths where their name says so; spans are virtual milliseconds. */
export const MARKETPLACE_OPTIONS = z.strictObject({
  agents: z.int().min(2).max(2_000).default(16).describe('sellers and buyers together'),
  nodes: z
    .int()
    .refine((count) => count === 1 || (count % 3 === 1 && count <= 10), 'nodes must be 1, 4, 7 or 10')
    .default(1)
    .describe('notaries: 1, or 3f + 1'),
  steps: z.int().min(1).max(10_000).default(4).describe('tasks of each buyer'),
  sellers: SHARE.default(0.5).describe('sellers among the agents'),
  arbiters: z.int().min(0).max(16).default(3).describe('arbiters that contracts name'),
  rulers: z.int().min(1).max(16).default(2).describe('arbiters that have to agree'),
  arbiterError: SHARE.default(0).describe('arbiters that see the contrary of what is there'),
  strategy: z
    .enum([...STRATEGIES.keys()])
    .default('honest')
    .describe('played by the chosen agents, on the sides that it plays'),
  attackers: SHARE.default(0.25).describe('chosen agents of each side'),
  parameters: z.record(z.string(), z.number()).default({}).describe('numbers of the strategy'),
  skills: z.int().min(1).max(64).default(3).describe('kinds of work'),
  openShare: SHARE.default(0.5).describe('tasks whose results no predicate can judge'),
  auctions: SHARE.default(0.25).describe(
    'tasks that go to an auction by sealed second price; others to the best standing offer',
  ),
  custody: z.enum(['C2', 'C3']).default('C3').describe('who holds the money until the end: C2 or C3 of the contracts'),
  bondPerMillion: PER_MILLION.default(200_000).describe('of the price: bonds of both sides'),
  disputeBondPerMillion: PER_MILLION.default(100_000).describe('of the price: what a party rejects with'),
  penaltyPerMillion: PER_MILLION.default(100_000).describe(
    'of the price: what a worker that does not deliver loses of its bond',
  ),
  feePerMillion: z.int().min(0).max(50_000).default(10_000).describe('of the price: what the notaries take'),
  arbiterSharePerMillion: PER_MILLION.default(500_000).describe('of the dispute bond, for the arbiters together'),
  depositPerMillion: PER_MILLION.default(10_000).describe(
    'of the highest price: what a bidder that does not reveal loses',
  ),
  reservePerMillion: PER_MILLION.default(1_000_000).describe('of the value of a task: what its buyer pays at most'),
  inspectionPerMillion: PER_MILLION.default(20_000).describe('of the value of a task: what looking at a result costs'),
  newcomerCredits: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(20)
    .describe(
      "what a seller of whom nothing is known may have of a buyer's open contracts beyond its bond, in credits",
    ),
  reputationPpmMin: PER_MILLION.default(400_000).describe(
    'below this standing nobody works for an honest buyer, parts per million; 500,000 says nothing',
  ),
  fundsCredits: z
    .number()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe('what everybody has at the beginning, in credits'),
  gapMs: z.int().min(100).max(86_400_000).default(20_000).describe('between two tasks of a buyer, on average'),
  offersEveryMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .default(0)
    .describe('between two looks of a seller at what it asks; 0: it says it once'),
})

export type MarketplaceOptions = z.output<typeof MARKETPLACE_OPTIONS>

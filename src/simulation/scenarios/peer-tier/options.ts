import { z } from 'zod'

/** Who sells beside the honest ones. */
export const LIARS = ['none', 'garbage', 'plausible', 'sleeper', 'sybil', 'silent'] as const
export type Liar = (typeof LIARS)[number]

export const PEER_TIER_OPTIONS = z.strictObject({
  tasks: z.int().min(20).max(5_000).default(200).describe('tasks that arrive, at each of the two nodes the same'),
  trainTasks: z.int().min(0).max(20_000).default(600).describe('tasks measured before, to train both nodes on'),
  quality: z.number().min(0.5).max(0.99).default(0.85).describe('quality bound of both nodes'),
  models: z
    .enum(['strong', 'all'])
    .default('strong')
    .describe('which models may answer beside peers: the strong one alone, or the cheap one as well'),
  honest: z.int().min(0).max(8).default(2).describe('peers that do what they can'),
  right: z.number().min(0).max(1).default(1).describe('how often they are right, as a share of the best model'),
  honestPrice: z.number().min(0.000001).max(1).default(0.002).describe('credits that they ask for an answer'),
  liar: z
    .enum(LIARS)
    .default('plausible')
    .describe(
      'who undercuts them: answers without sense, wrong ones in good form, one that lies from the middle of the run on, one that comes back under new names, one that takes work and does nothing',
    ),
  liarPrice: z.number().min(0.000001).max(1).default(0.0005).describe('credits that the liar asks'),
  kills: z
    .int()
    .min(0)
    .max(200)
    .default(0)
    .describe('how often a seller, the buying node or the notary dies in the middle, and comes back'),
  gapMs: z.number().min(100).max(600_000).default(8_000).describe('virtual milliseconds between two tasks'),
  latencyMs: z.int().min(10_000).max(300_000).default(20_000).describe('longest wait for a bought answer'),
  code: z.number().min(0).max(1).default(0.6).describe('share of tasks that are pieces of code: those are worth more'),
})

export type PeerTierOptions = z.output<typeof PEER_TIER_OPTIONS>

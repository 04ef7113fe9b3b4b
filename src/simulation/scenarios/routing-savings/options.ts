import { z } from 'zod'
import { QUALITY_SHARES } from '../../../core/learning/operating-points.ts'

/** What routing is measured by. Where rows are given (`data`), they are the tasks. */
export const SAVINGS_OPTIONS = z.strictObject({
  tasks: z.int().min(20).max(100_000).default(1_000).describe('tasks that arrive, where no recording is given'),
  trainTasks: z
    .int()
    .min(0)
    .max(20_000)
    .default(600)
    .describe('tasks measured before, to train the policy on, where no recording is given; 0: the documented priors'),
  trainShare: z
    .number()
    .min(0)
    .max(0.95)
    .default(0.5)
    .describe('of a recording: what the policy is trained on, the rest is asked; 0: the documented priors'),
  trainRows: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('of a recording: what the policy is trained on is not drawn, but its first rows, so many'),
  repeated: z.number().min(0).max(0.95).default(0.15).describe('tasks that were asked before, word by word'),
  policy: z.string().optional().describe('text of a policy that was trained elsewhere, on the same models'),
  best: z
    .string()
    .optional()
    .describe('the single model that others are measured by; default: the best on the rows that are trained on'),
  qualityShares: z
    .array(z.number().min(0.5).max(1))
    .min(1)
    .max(8)
    .default([...QUALITY_SHARES])
    .describe('of the quality of the best single model: what is asked for, each by a machine of its own'),
  gapMs: z.number().min(1).max(60_000).default(40).describe('virtual milliseconds between two tasks'),
  rightUsd: z.number().min(0.0001).max(10).default(0.02).describe('dollars that a right answer is worth, for regret'),
  trainSeed: z.int().min(0).max(4_294_967_295).default(1).describe('of the folds of training'),
})

export type SavingsOptions = z.output<typeof SAVINGS_OPTIONS>

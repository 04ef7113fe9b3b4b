import { z } from 'zod'

/** What the flywheel is played by. */
export const FLYWHEEL_OPTIONS = z.strictObject({
  tasks: z.int().min(200).max(200_000).default(2_600).describe('tasks that customers ask'),
  gapMs: z.number().min(10).max(3_600_000).default(250).describe('virtual milliseconds between two tasks'),
  repeated: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.05)
    .describe('share of the tasks that were asked before, word by word'),
  feedbackShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.8)
    .describe('share of the answers of which somebody says whether they were of use'),
  everyOutcomes: z.int().min(50).max(100_000).default(500).describe('a version is learned after so many outcomes'),
  judgeTasks: z.int().min(100).max(20_000).default(400).describe('measured tasks on which the gate judges a version'),
  trainTasks: z.int().min(50).max(20_000).default(150).describe('measured tasks that a policy is trained on'),
  trainEvery: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(650)
    .describe('tasks that arrive between two trainings on measured ones'),
  exploration: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.2)
    .describe('share of the tasks on which another model than the best is tried'),
  rightUsd: z.number().min(0.0001).max(10).default(0.05).describe('dollars that a right answer is worth, for regret'),
  badCandidate: z
    .boolean()
    .default(true)
    .describe('whether a policy is tried whose measured tasks a model had seen, so that the gate takes it for good'),
})

export type FlywheelOptions = z.output<typeof FLYWHEEL_OPTIONS>

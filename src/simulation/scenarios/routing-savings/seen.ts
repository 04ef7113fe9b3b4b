import type { TaskRecord } from '../../router/task-records.ts'
import type { Question } from './questions.ts'

/** A task that was asked: what the machine kept of it, what the asker was given, and what the world alone knows. */
export type Seen = {
  readonly question: Question
  /** `undefined`: the machine has kept nothing, which is a violation. */
  readonly record: TaskRecord | undefined
  /** `undefined`: it was refused or failed. */
  readonly answer: string | undefined
}

const NANOS_PER_DOLLAR = 1e9

/** What the task cost, by the machine's record. */
export function spentUsd({ record }: Seen): number {
  return Number(record?.costNanos ?? 0n) / NANOS_PER_DOLLAR
}

/** What the model that was asked first cost, by the record, as if nobody had been asked after it. */
export function firstUsd({ record }: Seen): number {
  return Number(record?.calls[0]?.costNanos ?? 0n) / NANOS_PER_DOLLAR
}

/** How right the answer was: by its text where the world knows the right one, else as it was recorded of the model that the record names. */
export function scoreOf({ question, record, answer }: Seen): number {
  if (answer === undefined) return 0
  if (question.right !== undefined) return answer === question.right ? 1 : 0
  return question.truths.get(record?.modelId ?? '')?.score ?? 0
}

/** Dollars by which the best model for this task would have been better, a right answer being worth so much. */
export function regretUsd(seen: Seen, rightUsd: number): number {
  let best = Number.NEGATIVE_INFINITY
  for (const { score, usd } of seen.question.truths.values()) best = Math.max(best, rightUsd * score - usd)
  return best - (rightUsd * scoreOf(seen) - spentUsd(seen))
}

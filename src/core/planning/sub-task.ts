import type { ModelDifficulty, ModelTier } from '../models/model-entry.ts'
import type { TaskDomain } from '../routing/task-outcome.ts'

export const SUB_TASK_DOMAINS = [
  'code',
  'reasoning',
  'data',
  'creative',
  'general',
  'math',
] as const satisfies readonly TaskDomain[]

/** One step of a decomposed task. Field names are the contract's, on disk and on the wire. */
export type SubTask = {
  /** Unique in its plan; 1 to 64 of letters, digits, `_`, `-`, `.`. */
  readonly id: string
  /** What to do, in words; never empty. */
  readonly description: string
  readonly difficulty: ModelDifficulty
  readonly domain: TaskDomain
  readonly target_tier: ModelTier
  /** The decomposer's confidence in its own estimate, 0..1. */
  readonly confidence: number
  /** Whether a failed attempt may move to a stronger tier. */
  readonly escalate_if_fail: boolean
  /** The decomposer's claim that this step may run beside others; the graph, not this flag, decides by default. */
  readonly parallel_ok: boolean
  /** Ids of steps whose outputs this one needs; no repeats, no cycles, only ids of the same plan. */
  readonly depends_on: readonly string[]
  /** What this step needs to know beside its dependencies' outputs, in the decomposer's words; `null` for nothing. */
  readonly context_needed: string | null
}

/** Most subtasks of one plan unless the caller says otherwise. */
export const SUB_TASKS_MAX_DEFAULT = 12

/** Confidence of a subtask whose decomposer gave none. */
export const SUB_TASK_CONFIDENCE_DEFAULT = 0.75

export type DefaultTierInit = { readonly hasLargeLocal: boolean }

/** Tier of a difficulty when the decomposer names none: nano, small, medium, large (cheap API without one), premium. */
export function defaultTierOf(difficulty: ModelDifficulty, { hasLargeLocal }: DefaultTierInit): ModelTier {
  switch (difficulty) {
    case 1:
      return 'local_nano'
    case 2:
      return 'local_small'
    case 3:
      return 'local_medium'
    case 4:
      return hasLargeLocal ? 'local_large' : 'cheap_api'
    case 5:
      return 'premium_api'
  }
}

/** The whole task as one step, used when a decomposition cannot be trusted: `s1`, MEDIUM, general. */
export function singleSubTask(task: string): SubTask {
  return {
    id: 's1',
    description: task,
    difficulty: 3,
    domain: 'general',
    target_tier: 'local_medium',
    confidence: SUB_TASK_CONFIDENCE_DEFAULT,
    escalate_if_fail: true,
    parallel_ok: false,
    depends_on: [],
    context_needed: null,
  }
}

import type { TaskDomain, TaskRisk, TaskRoute } from '../core/routing/task-outcome.ts'

/** The values that fields of records may have, in the order in which they are shown. */
export { EXECUTION_TIERS } from '../core/routing/task-outcome.ts'
/** Every `TaskRoute` that a record may name, in the order in which they are shown. */
export const TASK_ROUTES: readonly TaskRoute[] = ['local', 'cheap', 'premium', 'hybrid']
/** Every `TaskRisk` that a record may name, ascending. */
export const TASK_RISKS: readonly TaskRisk[] = ['low', 'medium', 'high']
/** Every `TaskDomain` that a record may name, in the order in which they are shown. */
export const TASK_DOMAINS: readonly TaskDomain[] = ['code', 'reasoning', 'data', 'creative', 'general', 'math']
/** Nominal sizes of memory that records tell apart, ascending: the largest that the machine reaches, or nearly does (`ramBucketOf`). */
export const RAM_BUCKETS = ['4gb', '8gb', '16gb', '32gb', '64gb+'] as const
/** One of `RAM_BUCKETS`, as records say how much memory the machine has. */
export type RamBucket = (typeof RAM_BUCKETS)[number]
export const ATTEMPT_OUTCOMES = ['accepted', 'rejected', 'failed', 'aborted'] as const
export const POLICY_STAGES = ['legacy_only', 'shadow', 'canary', 'full'] as const
export const POLICY_ARMS = ['incumbent', 'candidate'] as const

import type { GateFloors } from '../../core/learning/gate/threshold-changes.ts'
import type { PolicyRegistry } from '../../ports/policy-registry.ts'
import type { FeedbackJoin } from './feedback-join.ts'
import type { RolloutOwner } from './rollout-owner.ts'
import type { ShadowRunner } from './shadow-runner.ts'
import type { ServedPolicy } from '../served-policy.ts'
import type { OnlineStatus } from '../../core/learning/online/online-status.ts'
import type { ConfiguredPolicy, PolicyShelf } from './policy-shelf.ts'

/** What promoting and rolling back is made of. */
export type NodePoliciesComponents = {
  readonly registry: PolicyRegistry
  readonly owner: RolloutOwner
  readonly served: ServedPolicy
  readonly shelf: PolicyShelf
  readonly configured: ConfiguredPolicy
  readonly shadow: Pick<ShadowRunner, 'counts' | 'isOutOfBudget'>
  readonly feedback: Pick<FeedbackJoin, 'counts'>
  /** Whether the configuration names another policy than the rollout began with: then that one serves, and nothing else does. */
  readonly isSuspended: () => boolean
  /** What the node has learned from its own tasks; `null` where it does not learn. */
  readonly online: () => OnlineStatus | null
  /** Bounds of the configuration that no gate report may be looser than. */
  readonly gateFloors: GateFloors
}

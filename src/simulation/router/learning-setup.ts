import type { GateFloors } from '../../core/learning/gate/threshold-changes.ts'
import type { RolloutRules } from '../../core/rollout/rollout-rules.ts'
import type { Signer, VerifySignature } from '../../ports/signer.ts'

/** How a machine learns from its own tasks, and how what it learned gets into service. */
export type LearningSetup = {
  readonly rules: RolloutRules
  /** Share of the tasks on which a candidate is tried in the shadow. */
  readonly shadowShare: number
  readonly gateFloors: GateFloors
  /** A version is registered after so many outcomes. */
  readonly everyOutcomes: number
  /** The key of the installation: gate reports of others are not believed. */
  readonly signer: Signer
  readonly verify: VerifySignature
}

import type { Amount } from '../../base/money.ts'
import type { GateFloors } from '../../core/learning/gate/threshold-changes.ts'
import type { RolloutRules } from '../../core/rollout/rollout-rules.ts'
import type { PolicyServiceInit } from '../../router/policy-service.ts'

/** Which policy decides, with which least quality (0 to 1), and how another one takes its place. */
export type PolicyConfig = {
  /** File written by `kernell eval routing --save`. Absent: the documented priors. */
  readonly artefact?: string
  /** Least predicted chance of an accepted answer, 0 to 1, where the caller does not say. */
  readonly quality: number
  /** Share of requests, 0 to 1, on which another route than the best is tried so that outcomes can be compared, within the default limits of `explore`. */
  readonly exploration: number
  /** How models are tried by how sure their predictions are, and what that may cost a day; it takes the place of `exploration`. */
  readonly explore?: NonNullable<PolicyServiceInit['explore']>
  /** Share of the best single model's quality to keep, at an operating point of the artefact: then cost is traded against success. Absent: the bound `quality`. */
  readonly qualityShare?: 0.9 | 0.95 | 0.99 | 1
  /** Bounds that no gate report may be looser than, to promote by it. Empty: whatever the report was judged by. */
  readonly gate: GateFloors
  readonly rollout: RolloutConfig
  /** The node learns from its own records and registers what it learned. Absent: it does not. */
  readonly online?: OnlineConfig
  /** Another node that is asked when confidence, difficulty, cost or repeated failures ask for it. Absent: none. */
  readonly pro?: {
    readonly url: string
    readonly apiKeyEnv?: string
    readonly timeoutMs: number
    readonly requestsPerMinute: number
  }
  /**
   * A GGUF model of this machine that answers the policy question, and the path of a LoRA adapter that it answers it with. Absent: the
   * linear policy.
   */
  readonly lite?: { readonly model: string; readonly adapter?: string }
}

/** How a node learns from its own records. Nothing that it learns is served by itself. */
export type OnlineConfig = {
  /** A version is registered after so many outcomes. */
  readonly everyOutcomes: number
  /** Tasks that may wait to be learned from. */
  readonly queueMax: number
}

/** How a promoted policy takes over. */
export type RolloutConfig = {
  /** Share of the tasks, 0 to 1, on which a candidate is tried in the shadow. */
  readonly shadowShare: number
  /** What the calls of the shadow may cost in a window; nothing else pays for them. */
  readonly shadowBudgetNanos: Amount
  readonly shadowBudgetWindow: 'hour' | 'day' | 'month' | 'total'
  /** Tasks tried in the shadow at the same time. */
  readonly shadowConcurrency: number
  readonly rules: RolloutRules
}

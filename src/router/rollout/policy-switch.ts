import { CodedError } from '../../base/errors.ts'
import { trialOf } from '../../core/rollout/rollout-state.ts'
import { isHeldByDrift } from '../../core/rollout/watch/trial-drift.ts'
import type { RolloutInForce, RolloutOwner } from './rollout-owner.ts'
import type { ServedPolicy } from '../served-policy.ts'
import type { ConfiguredPolicy, PolicyShelf } from './policy-shelf.ts'

/** What an operator is told of a rollout, and what to do about it. */
export type RolloutCheck = {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly remedy?: string
}

type PolicySwitchInit = {
  readonly configured: ConfiguredPolicy
  readonly served: ServedPolicy
  readonly shelf: PolicyShelf
  /** The operator named a policy for this start. */
  readonly isPinned: boolean
}

/** Keeps what serves in step with the journal. */
export class PolicySwitch {
  readonly #init: PolicySwitchInit
  #failure: unknown
  #revision = -1

  constructor(init: PolicySwitchInit) {
    this.#init = init
  }

  /** Another policy than the one that the rollout began with is named: then that one is meant. */
  isSuspended({ state }: Pick<RolloutOwner, 'state'>): boolean {
    const { isPinned, configured } = this.#init
    return isPinned && state.baseline !== undefined && state.baseline !== configured.service.version
  }

  /** At once where the policies are open, which they are before anybody promotes them; else as soon as they are. */
  async follow(inForce: RolloutInForce, owner: Pick<RolloutOwner, 'state'>): Promise<void> {
    const { served, shelf, configured } = this.#init
    if (inForce.revision <= this.#revision) return
    this.#revision = inForce.revision
    this.#failure = undefined
    if (this.isSuspended(owner)) {
      this.#serveConfigured()
      return
    }
    const incumbent = inForce.incumbent ?? configured.service.version
    const open = shelf.find(incumbent)
    const candidate = inForce.candidate === undefined ? undefined : shelf.find(inForce.candidate)
    if (open !== undefined && (inForce.candidate === undefined || candidate !== undefined)) {
      served.serve({ ...inForce, incumbent: open, candidate })
      shelf.keep([incumbent, ...(inForce.candidate === undefined ? [] : [inForce.candidate])])
      return
    }
    try {
      const services = {
        incumbent: await shelf.open(incumbent),
        candidate: inForce.candidate === undefined ? undefined : await shelf.open(inForce.candidate),
      }
      if (this.#revision === inForce.revision) served.serve({ ...inForce, ...services })
    } catch (error: unknown) {
      this.#failure = error
      this.#serveConfigured()
      throwUnlessUnreadable(error)
    }
  }

  checks(owner: Pick<RolloutOwner, 'state' | 'inForce'>): readonly RolloutCheck[] {
    const { configured, served } = this.#init
    const { stage, percent, candidate } = owner.inForce
    if (this.#failure !== undefined) {
      const reason = this.#failure instanceof Error ? this.#failure.message : 'The policy cannot be opened'
      return [
        {
          name: 'rollout',
          state: 'failed',
          detail: `${reason}; ${configured.service.version} serves instead`,
          remedy: 'Register the policy again, or roll back with `kernell policy rollback`.',
        },
      ]
    }
    if (this.isSuspended(owner)) {
      return [
        {
          name: 'rollout',
          state: 'warning',
          detail: `suspended at ${stage}: the configuration names ${configured.service.version}, and the rollout began with ${owner.state.baseline ?? 'another policy'}`,
          remedy: 'Start without the policy of the configuration to go on, or end it with `kernell policy rollback`.',
        },
      ]
    }
    const { incumbent } = served.inForce
    if (candidate === undefined) {
      const before = owner.state.revision === 0 ? 'nothing was promoted' : `${owner.state.rollbacks} rollbacks so far`
      return [{ name: 'rollout', state: 'ok', detail: `${incumbent.version} answers everything (${before})` }]
    }
    const drift = trialOf(owner.state.position)?.drift
    if (stage !== 'full' && drift !== undefined && isHeldByDrift(drift)) {
      const what = drift.traffic?.state === 'drifted' ? 'tasks are others' : 'decisions are others'
      return [
        {
          name: 'rollout',
          state: 'warning',
          detail: `${stage}: ${candidate} stays where it is, since ${what} than when it began`,
          remedy:
            'See `kernell policy status`; go on with `kernell policy promote`, or back with `kernell policy rollback`.',
        },
      ]
    }
    const share = stage === 'canary' ? ` for ${percent} % of the conversations` : ''
    return [{ name: 'rollout', state: 'ok', detail: `${stage}: ${candidate}${share}, beside ${incumbent.version}` }]
  }

  #serveConfigured(): void {
    const { served, configured } = this.#init
    served.serve({ stage: 'legacy_only', percent: 0, incumbent: configured.service, candidate: undefined })
  }
}

/** A policy that is gone or damaged is told by the health check. */
function throwUnlessUnreadable(error: unknown): void {
  const isUnreadable = ['POLICY_UNKNOWN', 'POLICY_DAMAGED', 'POLICY_FORMAT_NEWER'] as const
  if (!isUnreadable.some((code) => CodedError.is(error, code))) throw error
}

import type { Sha256Hex } from '../base/sha256.ts'
import { sha256Hex } from '../base/sha256.ts'
import { isInCanary } from '../core/rollout/canary-assignment.ts'
import type { RolloutStage } from '../core/rollout/rollout-state.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { ServedPolicy as ServedAs } from '../core/routing/task-outcome.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import type { Policy, PolicyInput } from '../ports/policy.ts'
import type { JudgedTask, PolicyService } from './policy-service.ts'

/** The policies that answer, and who gets which. */
export type PoliciesInForce = {
  readonly stage: RolloutStage
  /** Share of the conversations that the candidate answers, 0 to 100. */
  readonly percent: number
  readonly incumbent: PolicyService
  /** On trial, or serving in full. */
  readonly candidate: PolicyService | undefined
}

/** A policy and the arm of the rollout that it is. */
export type PickedPolicy = { readonly service: PolicyService; readonly served: ServedAs }

export type AnsweredTask = {
  /** Version of the policy that decided. */
  readonly policyVersion: string
  readonly prompt: string
  readonly answer: string
}

/** The policy of a node while others may take its place: a decision is made by one policy as a whole, and says by which. */
export type ServedPolicy = Omit<Policy, 'decide'> & {
  readonly inForce: PoliciesInForce
  decide(input: PolicyInput): DecisionRecord
  /** From the next decision on. What was decided before keeps what decided it. */
  serve(next: PoliciesInForce): void
  pick(input: Pick<PolicyInput, 'tenant' | 'conversation'>): PickedPolicy
  /** Decisions for many tasks at once with what they were made from, each by its own arm. */
  judgeAll(inputs: readonly PolicyInput[]): readonly (JudgedTask & { readonly service: PolicyService })[]
  /** P(right) of an answer, by the policy that decided the task, while that is still at hand. */
  answerSuccess(entry: ModelEntry, answered: AnsweredTask): number | undefined
  /** Decisions since the start, by arm. */
  readonly counts: Readonly<Record<ServedAs['arm'], number>>
}

/** Policies that decided tasks which may not have ended. */
const RETIRED_MAX = 4

/** @param hash  A native hash where the platform has one; it places conversations in the canary. */
export function createServedPolicy(first: PoliciesInForce, hash: Sha256Hex = sha256Hex): ServedPolicy {
  return new SwitchedPolicy(first, hash)
}

class SwitchedPolicy implements ServedPolicy {
  readonly #hash: Sha256Hex
  readonly #counts = { incumbent: 0, candidate: 0 }
  #inForce: PoliciesInForce
  #retired: readonly PolicyService[] = []

  constructor(first: PoliciesInForce, hash: Sha256Hex) {
    this.#inForce = first
    this.#hash = hash
  }

  get version(): string {
    return this.#inForce.incumbent.version
  }

  get inForce(): PoliciesInForce {
    return this.#inForce
  }

  get counts(): Readonly<Record<ServedAs['arm'], number>> {
    return this.#counts
  }

  serve(next: PoliciesInForce): void {
    const before = [this.#inForce.incumbent, this.#inForce.candidate, ...this.#retired]
    const isGone = (service: PolicyService | undefined): service is PolicyService =>
      service !== undefined && service !== next.incumbent && service !== next.candidate
    this.#retired = before.filter(isGone).slice(0, RETIRED_MAX)
    this.#inForce = next
  }

  pick({ tenant = '', conversation = '' }: Pick<PolicyInput, 'tenant' | 'conversation'>): PickedPolicy {
    const { stage, percent, incumbent, candidate } = this.#inForce
    if (candidate === undefined || percent === 0) return { service: incumbent, served: { stage, arm: 'incumbent' } }
    const key = { candidate: candidate.version, tenant, conversation }
    return isInCanary(key, percent, this.#hash)
      ? { service: candidate, served: { stage, arm: 'candidate' } }
      : { service: incumbent, served: { stage, arm: 'incumbent' } }
  }

  decide(input: PolicyInput): DecisionRecord {
    const { service, served } = this.pick(input)
    this.#counts[served.arm] += 1
    return { ...service.decide(input), served }
  }

  judgeAll(inputs: readonly PolicyInput[]): readonly (JudgedTask & { readonly service: PolicyService })[] {
    const picked = inputs.map((input) => this.pick(input))
    const judged = new Map<number, JudgedTask & { readonly service: PolicyService }>()
    for (const service of new Set(picked.map((pick) => pick.service))) {
      const places = picked.flatMap((pick, place) => (pick.service === service ? [place] : []))
      const tasks = service.judgeAll(places.flatMap((place) => inputs[place] ?? []))
      for (const [index, task] of tasks.entries()) {
        const place = places[index] ?? 0
        const served = picked[place]?.served
        const record = served === undefined ? task.record : { ...task.record, served }
        judged.set(place, { ...task, record, service })
      }
    }
    return inputs.flatMap((_, place) => judged.get(place) ?? [])
  }

  answerSuccess(entry: ModelEntry, { policyVersion, prompt, answer }: AnsweredTask): number | undefined {
    const { incumbent, candidate } = this.#inForce
    const service = [incumbent, candidate, ...this.#retired].find((known) => known?.version === policyVersion)
    return service?.answerSuccess(entry, { prompt, answer })
  }
}

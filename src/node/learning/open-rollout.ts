import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { CodedError } from '../../base/errors.ts'
import { amountToUsd } from '../../base/money.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import { createPolicyRegistry } from '../../learning/registry/policy-registry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { Signer } from '../../ports/signer.ts'
import type { CallComponents } from '../../router/call-model.ts'
import type { CheckAnswer } from '../../router/execute-plan.ts'
import type { PolicyService } from '../../router/policy-service.ts'
import { createRolloutObserver, type TaskObserver } from '../../router/rollout/rollout-observer.ts'
import { createRolloutOwner, type RolloutInForce, type RolloutOwner } from '../../router/rollout/rollout-owner.ts'
import { createShadowRunner, type ShadowCall } from '../../router/rollout/shadow-runner.ts'
import { createServedPolicy, type ServedPolicy } from '../../router/served-policy.ts'
import type { FollowUpStore } from '../../telemetry/follow-up-store.ts'
import type { MetricsRegistry } from '../../telemetry/metrics-registry.ts'
import type { ShadowEvent } from '../../wire/shadow-event.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { HealthCheck } from '../kernell-node.ts'
import { nativeSha256Hex, nativeSha256HexOfBytes } from '../open-answer-cache.ts'
import type { NodeLearner } from './node-learner.ts'
import { createNodePolicies, type NodePolicies } from './node-policies.ts'
import { onlineChecks } from './online-checks.ts'
import { openLearning, type LearningParts } from './open-learning.ts'
import { gateReportReader } from './open-signer.ts'
import { createPolicyShelf, type ConfiguredPolicy, type PolicyShelf } from './policy-shelf.ts'
import { addRolloutMetrics } from './rollout-metrics.ts'

export type OpenRolloutInit = {
  readonly config: NodeConfig
  readonly actors: ActorSystem
  /** The store of the data directory. */
  readonly root: KeyValueStore
  readonly log: EventLog
  readonly clock: Clock
  readonly timers: Timers
  /** The key that gate reports are signed with. */
  readonly signer: Pick<Signer, 'publicKeyHex'>
  readonly configured: ConfiguredPolicy
  readonly createService: (artefact: PolicyArtefact | undefined) => PolicyService
  readonly onError: (error: unknown) => void
}

/** What the shadow needs, which is there only once the policy is. */
export type ShadowParts = {
  readonly calling: CallComponents
  readonly checkAnswer: CheckAnswer
  readonly random: Random
  readonly followUps: Pick<FollowUpStore, 'append'>
}

export type NodeRollout = {
  /** What decides. */
  readonly served: ServedPolicy
  /** Begins to watch and to try; call it once, before the first task. */
  attach(parts: ShadowParts, metrics: MetricsRegistry): AttachedRollout
  stop(): Promise<void>
}

export type AttachedRollout = {
  readonly policies: NodePolicies
  /** Begins to learn from the node's own tasks where the configuration says so; call it at most once. `undefined`: it does not. */
  startLearning(parts: LearningParts): NodeLearner | undefined
  readonly observe: TaskObserver
  checks(): readonly HealthCheck[]
}

/**
 * Brings the rollout back to where the journal has it, and the policies that serve there with it. A policy that cannot be read any more does not keep
 * the node from starting: what the configuration names serves instead, and the health check says so.
 *
 * Throws `STORE_CORRUPTED` and the other errors of a journal.
 */
export async function openRollout(init: OpenRolloutInit): Promise<NodeRollout> {
  const { actors, log, clock, configured, config, createService, onError } = init
  const registry = createPolicyRegistry({
    store: init.root.sublevel('policies'),
    now: () => new Date(clock.now()).toISOString(),
    readGateReport: readerOf(init.signer),
    hashBytes: nativeSha256HexOfBytes,
  })
  const shelf = createPolicyShelf({ registry, configured, createService })
  const first = { stage: 'legacy_only', percent: 0, incumbent: configured.service, candidate: undefined } as const
  const served = createServedPolicy(first, nativeSha256Hex)
  const switching = new PolicySwitch({ configured, served, shelf, isPinned: config.policy.artefact !== undefined })
  const owner = createRolloutOwner(
    {
      actors,
      log,
      clock,
      onError,
      onTransition(_transition, inForce) {
        switching.follow(inForce, owner).catch(onError)
      },
    },
    { rules: config.policy.rollout.rules },
  )
  const learning = await openLearning(init)
  await owner.start()
  await switching.follow(owner.inForce, owner)
  let stopShadow = async (): Promise<void> => await Promise.resolve()
  return {
    served,
    attach({ calling, checkAnswer, random, followUps }, metrics) {
      const { shadowShare, shadowConcurrency } = config.policy.rollout
      const keep = (call: ShadowCall): void => {
        if (!config.telemetry.consent) return
        followUps.append(shadowEventOf(call, { at: clock.now(), id: idOf(random) })).catch(onError)
      }
      const shadow = createShadowRunner(
        {
          ...calling,
          checkAnswer,
          random,
          onError,
          onCall: keep,
          onRun: (run) => owner.observe({ type: 'shadow-observed', ...run }),
        },
        { share: shadowShare, concurrencyMax: shadowConcurrency },
      )
      stopShadow = async () => await shadow.stop()
      const isSuspended = (): boolean => switching.isSuspended(owner)
      const components = { registry, owner, served, shelf, configured, shadow, isSuspended, online: learning.status }
      const policies = createNodePolicies(components)
      addRolloutMetrics(metrics, components)
      const observeRollout = createRolloutObserver({ policy: served, owner, shadow })
      return {
        policies,
        startLearning: (parts) => learning.start(parts, { registry, policies, served }),
        observe(run, end) {
          observeRollout(run, end)
          learning.observe(run)
        },
        checks: () => [...switching.checks(owner), ...onlineChecks(learning.status())],
      }
    },
    async stop() {
      await learning.stop()
      await stopShadow()
      await owner.stop()
    },
  }
}

function readerOf(signer: Pick<Signer, 'publicKeyHex'>): Parameters<typeof createPolicyRegistry>[0]['readGateReport'] {
  const read = gateReportReader(signer)
  return (text) => {
    const reading = read(text)
    if (reading === undefined) return undefined
    const { candidate, incumbent, hasPassed, at, reasons, document } = reading
    const compared = { candidateSha256: hashOf(document['candidate']), incumbentSha256: hashOf(document['incumbent']) }
    return { candidate, incumbent, hasPassed, at, reasons, ...compared }
  }
}

function hashOf(policy: unknown): string | null {
  const isNamed = typeof policy === 'object' && policy !== null && 'sha256' in policy
  return isNamed && typeof policy.sha256 === 'string' ? policy.sha256 : null
}

type PolicySwitchInit = {
  readonly configured: ConfiguredPolicy
  readonly served: ServedPolicy
  readonly shelf: PolicyShelf
  /** The operator named a policy for this start. */
  readonly isPinned: boolean
}

/** Keeps what serves in step with the journal. */
class PolicySwitch {
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

  checks(owner: Pick<RolloutOwner, 'state' | 'inForce'>): readonly HealthCheck[] {
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

function shadowEventOf(call: ShadowCall, { at, id }: { readonly at: number; readonly id: string }): ShadowEvent {
  return {
    shadow_id: id,
    timestamp: new Date(at).toISOString(),
    event_id: call.taskId,
    tenant: call.tenant,
    policy_version: call.policyVersion,
    model: call.modelId,
    tier: call.tier,
    success: call.isAccepted ?? null,
    confidence: call.confidence ?? null,
    agreement: call.agreement ?? null,
    tokens_in: call.tokensIn,
    tokens_out: call.tokensOut,
    cost_usd: call.costNanos === undefined ? null : amountToUsd(call.costNanos),
    latency_ms: call.latencyMs,
  }
}

/** 96 random bits. */
function idOf(random: Random): string {
  return `shadow-${Array.from(random.bytes(12), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

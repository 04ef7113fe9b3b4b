import type { ActorSystem } from '../../../actors/system/actor-system.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import { amountToUsd } from '../../../base/money.ts'
import { changedThresholds } from '../../../core/learning/gate/threshold-changes.ts'
import type { PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { createPolicyRegistry } from '../../../learning/registry/policy-registry.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'
import type { Random } from '../../../ports/random.ts'
import type { Signer } from '../../../ports/signer.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { CallComponents } from '../../../router/call-model.ts'
import type { CheckAnswer } from '../../../router/execute-plan.ts'
import type { PolicyService } from '../../../router/policy-service.ts'
import { createDriftMonitor } from '../../../router/rollout/drift-monitor.ts'
import { createFeedbackJoin } from '../../../router/rollout/feedback-join.ts'
import { createRolloutObserver, type TaskObserver } from '../../../router/rollout/rollout-observer.ts'
import { createRolloutOwner, type RolloutOwner } from '../../../router/rollout/rollout-owner.ts'
import { createShadowRunner, type ShadowCall, type ShadowRunner } from '../../../router/rollout/shadow-runner.ts'
import { createServedPolicy, type ServedPolicy } from '../../../router/served-policy.ts'
import type { FollowUpStore } from '../../../telemetry/follow-up-store.ts'
import type { MetricsRegistry } from '../../../telemetry/metrics-registry.ts'
import type { FeedbackEvent } from '../../../wire/feedback-event.ts'
import type { ShadowEvent } from '../../../wire/shadow-event.ts'
import type { NodeConfig } from '../../config/node-config.ts'
import type { HealthCheck } from '../../kernell-node.ts'
import { nativeSha256Hex, nativeSha256HexOfBytes } from '../../open-answer-cache.ts'
import type { NodeLearner } from '../../../learning/online/node-learner.ts'
import { onlineChecks } from '../online/online-checks.ts'
import { type LearningParts, openLearning } from '../online/open-learning.ts'
import { openDriftShelf } from '../../../router/rollout/drift-shelf.ts'
import { createNodePolicies, type NodePolicies } from '../../../router/rollout/node-policies.ts'
import { gateReportReader } from './open-signer.ts'
import { type ConfiguredPolicy, createPolicyShelf } from '../../../router/rollout/policy-shelf.ts'
import { PolicySwitch } from '../../../router/rollout/policy-switch.ts'
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
  /** Told of feedback once it is kept. Never throws. */
  readonly takeFeedback: (event: FeedbackEvent) => void
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
  const feedback = createFeedbackJoin({ owner })
  const references = await openDriftShelf(init.root.sublevel('rollout-drift'), onError)
  const drift = createDriftMonitor({ owner, keep: (learned) => references.keep(learned) }, references.first)
  let stopShadow = async (): Promise<void> => await Promise.resolve()
  return {
    served,
    attach(parts, metrics) {
      const shadow = openShadow(init, owner, parts)
      stopShadow = async () => await shadow.stop()
      const isSuspended = (): boolean => switching.isSuspended(owner)
      const own = { registry, owner, served, shelf, configured, shadow, feedback, isSuspended }
      const components = { ...own, online: learning.status, gateFloors: config.policy.gate }
      const policies = createNodePolicies(components)
      addRolloutMetrics(metrics, components)
      const observeRollout = createRolloutObserver({ policy: served, owner, shadow, drift, feedback })
      return {
        policies,
        takeFeedback: (event) => feedback.take(event),
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
      await references.flush()
      await owner.stop()
    },
  }
}

/** Tries candidates on the node's own tasks; what came of it is kept where records are. */
function openShadow(
  { config, clock, onError }: OpenRolloutInit,
  owner: RolloutOwner,
  parts: ShadowParts,
): ShadowRunner {
  const { calling, checkAnswer, random, followUps } = parts
  const { shadowShare, shadowConcurrency } = config.policy.rollout
  const keep = (call: ShadowCall): void => {
    if (!config.telemetry.consent) return
    followUps.append(shadowEventOf(call, { at: clock.now(), id: idOf(random) })).catch(onError)
  }
  return createShadowRunner(
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
}

function readerOf(signer: Pick<Signer, 'publicKeyHex'>): Parameters<typeof createPolicyRegistry>[0]['readGateReport'] {
  const read = gateReportReader(signer)
  return (text) => {
    const reading = read(text)
    if (reading === undefined) return undefined
    const { document, ...told } = reading
    const compared = { candidateSha256: hashOf(document['candidate']), incumbentSha256: hashOf(document['incumbent']) }
    const changed = changedThresholds(reading.thresholds)
    return { ...told, ...compared, sha256: nativeSha256Hex(text), changedThresholds: changed }
  }
}

function hashOf(policy: unknown): string | null {
  const isNamed = typeof policy === 'object' && policy !== null && 'sha256' in policy
  return isNamed && typeof policy.sha256 === 'string' ? policy.sha256 : null
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
  return `shadow-${hexOfBytes(random.bytes(12))}`
}

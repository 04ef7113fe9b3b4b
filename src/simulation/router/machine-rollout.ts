import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { hexOfBytes } from '../../base/hex.ts'
import { amountToUsd } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { readGateReport } from '../../core/learning/gate/gate-report.ts'
import { changedThresholds } from '../../core/learning/gate/threshold-changes.ts'
import { NodeLearner, STATE_KEY } from '../../learning/online/node-learner.ts'
import { decodeOnlinePolicy } from '../../learning/online/online-policy-state.ts'
import { createPolicyRegistry } from '../../learning/registry/policy-registry.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { GateReportReading, PolicyRegistry } from '../../ports/policy-registry.ts'
import type { CallComponents } from '../../router/call-model.ts'
import type { CheckAnswer } from '../../router/execute-plan.ts'
import { createPolicyService, PRIORS_VERSION, type PolicyServiceInit } from '../../router/policy-service.ts'
import { createDriftMonitor, type DriftMonitor } from '../../router/rollout/drift-monitor.ts'
import { openDriftShelf } from '../../router/rollout/drift-shelf.ts'
import { createFeedbackJoin, type FeedbackJoin } from '../../router/rollout/feedback-join.ts'
import { createNodePolicies, type NodePolicies } from '../../router/rollout/node-policies.ts'
import {
  type ConfiguredPolicy,
  createPolicyShelf,
  type PolicyShelf,
  type PolicyShelfComponents,
} from '../../router/rollout/policy-shelf.ts'
import { PolicySwitch } from '../../router/rollout/policy-switch.ts'
import { createRolloutObserver, type TaskObserver } from '../../router/rollout/rollout-observer.ts'
import { createRolloutOwner, type RolloutOwner } from '../../router/rollout/rollout-owner.ts'
import { createShadowRunner, type ShadowCall } from '../../router/rollout/shadow-runner.ts'
import { createServedPolicy, type ServedPolicy } from '../../router/served-policy.ts'
import { createLearningRecords } from '../../telemetry/learning-records.ts'
import type { FeedbackEvent } from '../../wire/feedback-event.ts'
import type { WorldProcess } from '../world/world-process.ts'
import type { LearningSetup } from './learning-setup.ts'
import type { MachineRecords } from './open-records.ts'

export type RolloutParts = {
  readonly owner: WorldProcess
  readonly actors: ActorSystem
  readonly store: KeyValueStore
  readonly log: EventLog
  readonly records: MachineRecords
  readonly policy: PolicyServiceInit
  readonly setup: LearningSetup
}

/** Trained policies of a machine: kept, promoted, watched, taken back, and learned anew. */
export type MachineRollout = {
  readonly served: ServedPolicy
  readonly registry: PolicyRegistry
  readonly rollout: RolloutOwner
  stop(): Promise<void>
  /** Call it once, before the first task. */
  attach(calling: CallComponents, checkAnswer: CheckAnswer): AttachedMachineRollout
}

export type AttachedMachineRollout = {
  readonly policies: NodePolicies
  readonly learner: NodeLearner
  readonly observe: TaskObserver
  readonly takeFeedback: (event: FeedbackEvent) => void
}

const SHADOW_CONCURRENCY = 8
const QUEUE_MAX = 10_000

/** Brings the rollout back to where the machine's journal has it, and the policies that serve there with it. */
export async function openMachineRollout(parts: RolloutParts): Promise<MachineRollout> {
  const { owner, actors, store, log, policy, setup } = parts
  const { clock } = owner
  const onError = (error: unknown): void => owner.fail(error)
  const registry = createPolicyRegistry({
    store: store.sublevel('policies'),
    now: () => new Date(clock.now()).toISOString(),
    readGateReport: (text) => readReport(text, setup),
  })
  const createService: PolicyShelfComponents['createService'] = (artefact) =>
    createPolicyService({ ...policy, ...(artefact !== undefined && { artefact }) })
  const configured = { service: createService(undefined), text: undefined }
  const shelf = createPolicyShelf({ registry, configured, createService })
  const served = createServedPolicy({
    stage: 'legacy_only',
    percent: 0,
    incumbent: configured.service,
    candidate: undefined,
  })
  const switching = new PolicySwitch({ configured, served, shelf, isPinned: false })
  const rollout = createRolloutOwner(
    {
      actors,
      log,
      clock,
      onError,
      onTransition: (_transition, inForce) => void switching.follow(inForce, rollout).catch(onError),
    },
    { rules: setup.rules },
  )
  await rollout.start()
  await switching.follow(rollout.inForce, rollout)
  const saved = await readLearned(store)
  const feedback = createFeedbackJoin({ owner: rollout })
  const references = await openDriftShelf(store.sublevel('rollout-drift'), onError)
  const drift = createDriftMonitor({ owner: rollout, keep: (learned) => references.keep(learned) }, references.first)
  const closers: (() => Promise<void>)[] = []
  return {
    served,
    registry,
    rollout,
    attach(calling, checkAnswer) {
      const opened = { registry, rollout, served, shelf, configured, feedback, drift, switching, saved }
      const { attached, close } = attachRollout({ ...parts, ...opened, calling, checkAnswer })
      closers.push(close)
      return attached
    },
    async stop() {
      for (const close of closers) await close()
      await references.flush()
      await rollout.stop()
    },
  }
}

type AttachParts = ShadowParts &
  Pick<MachineRollout, 'registry' | 'served'> & {
    readonly shelf: PolicyShelf
    readonly configured: ConfiguredPolicy
    readonly feedback: FeedbackJoin
    readonly drift: DriftMonitor
    readonly switching: PolicySwitch
    readonly saved: Awaited<ReturnType<typeof readLearned>>
  }

/** What needs the models, which are there once the policy is. */
function attachRollout(parts: AttachParts): {
  readonly attached: AttachedMachineRollout
  readonly close: () => Promise<void>
} {
  const { rollout, served, feedback, drift, switching, setup } = parts
  const shadow = openShadow(parts)
  const policies = createNodePolicies({
    ...parts,
    owner: rollout,
    shadow,
    isSuspended: () => switching.isSuspended(rollout),
    online: () => learner.status(),
    gateFloors: setup.gateFloors,
  })
  const learner = startLearner({ ...parts, policies })
  const observeRollout = createRolloutObserver({ policy: served, owner: rollout, shadow, drift, feedback })
  return {
    attached: {
      policies,
      learner,
      takeFeedback: (event) => feedback.take(event),
      observe(run, end) {
        observeRollout(run, end)
        learner.notice({ tenant: run.route.caller.tenant, kind: 'event', id: run.taskId })
      },
    },
    close: async () => {
      await learner.stop()
      await shadow.stop()
    },
  }
}

type ShadowParts = RolloutParts & {
  readonly rollout: RolloutOwner
  readonly calling: CallComponents
  readonly checkAnswer: CheckAnswer
}

function openShadow({
  owner,
  records,
  setup,
  rollout,
  calling,
  checkAnswer,
}: ShadowParts): ReturnType<typeof createShadowRunner> {
  const onError = (error: unknown): void => owner.fail(error)
  const keep = (call: ShadowCall): void => {
    records.followUps.append(shadowEventOf(call, owner)).catch(onError)
  }
  return createShadowRunner(
    {
      ...calling,
      checkAnswer,
      random: owner.random,
      onError,
      onCall: keep,
      onRun: (run) => rollout.observe({ type: 'shadow-observed', ...run }),
    },
    { share: setup.shadowShare, concurrencyMax: SHADOW_CONCURRENCY },
  )
}

function shadowEventOf(
  { taskId, tenant, policyVersion, modelId, tier, ...call }: ShadowCall,
  { clock, random }: WorldProcess,
): Parameters<MachineRecords['followUps']['append']>[0] {
  return {
    shadow_id: `shadow-${hexOfBytes(random.bytes(12))}`,
    timestamp: new Date(clock.now()).toISOString(),
    event_id: taskId,
    tenant,
    policy_version: policyVersion,
    model: modelId,
    tier,
    success: call.isAccepted ?? null,
    confidence: call.confidence ?? null,
    agreement: call.agreement ?? null,
    tokens_in: call.tokensIn,
    tokens_out: call.tokensOut,
    cost_usd: call.costNanos === undefined ? null : amountToUsd(call.costNanos),
    latency_ms: call.latencyMs,
  }
}

type LearnerParts = RolloutParts &
  Pick<MachineRollout, 'registry' | 'served'> & {
    readonly policies: NodePolicies
    readonly calling: CallComponents
    readonly saved: Awaited<ReturnType<typeof readLearned>>
  }

function startLearner({
  owner,
  store,
  records,
  setup,
  registry,
  served,
  policies,
  calling,
  saved,
}: LearnerParts): NodeLearner {
  const { clock, timers } = owner
  return new NodeLearner(
    {
      models: calling.catalog.available,
      now: () => new Date(clock.now()).toISOString(),
      codeVersion: 'simulation',
      rest: async () => await Promise.resolve(),
      records: createLearningRecords(records),
      registry: {
        register: async (text) => await registry.register(text),
        describe: async (version) => await registry.describe(version),
        remove: async (version) => await policies.remove(version),
      },
      onVersion: async () => await Promise.resolve(),
      serving() {
        const { version } = served.inForce.incumbent
        return version === PRIORS_VERSION ? undefined : version
      },
      store: store.sublevel('online-policy'),
      timers,
      onError: (error) => owner.fail(error),
    },
    { everyOutcomes: setup.everyOutcomes, queueMax: QUEUE_MAX, saved },
  )
}

async function readLearned(store: KeyValueStore): Promise<ReturnType<typeof decodeOnlinePolicy>> {
  const bytes = await store.sublevel('online-policy').get(STATE_KEY)
  return bytes === undefined ? undefined : decodeOnlinePolicy(bytes)
}

/** A report that this installation signed. */
export function readReport(
  text: string,
  { signer, verify }: Pick<LearningSetup, 'signer' | 'verify'>,
): GateReportReading | undefined {
  const reading = readGateReport(text, { verify, publicKeyHex: signer.publicKeyHex })
  if (reading === undefined) return undefined
  const { document, ...told } = reading
  return {
    ...told,
    candidateSha256: hashOf(document['candidate']),
    incumbentSha256: hashOf(document['incumbent']),
    sha256: sha256Hex(text),
    changedThresholds: changedThresholds(reading.thresholds),
  }
}

function hashOf(policy: unknown): string | null {
  const isNamed = typeof policy === 'object' && policy !== null && 'sha256' in policy
  return isNamed && typeof policy.sha256 === 'string' ? policy.sha256 : null
}

import { CodedError } from '../../base/errors.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { rollbackTarget } from '../../core/rollout/rollout-machine.ts'
import { percentOf, trialOf, type RolloutTransition } from '../../core/rollout/rollout-state.ts'
import type { AttachedGateReport, PolicyList, PolicyRegistry, RegisteredPolicy } from '../../ports/policy-registry.ts'
import { PRIORS_VERSION } from '../policy-service.ts'
import type { RolloutChange } from './rollout-owner.ts'
import { requireGate } from './check-gate.ts'
import type { NodePoliciesComponents } from './node-policies-components.ts'
import { describeRollout, type RolloutStatus } from './rollout-status.ts'

export type PromotionRequest = {
  readonly version: string
  /** Absent: the shadow for a new candidate; for the one under way the next step. */
  readonly stage?: 'shadow' | 'canary' | 'full'
  /** For `canary`: share of the conversations, more than 0 and below 100. */
  readonly percent?: number
  /** For `full`: also where too little is known of the policy that serves to compare the candidate with. */
  readonly isWithoutReference?: boolean
  /** Who asks, for the journal. */
  readonly by: string
  readonly reason?: string
}

export type RollbackRequest = {
  /** A policy that served in full before, or the one of the configuration. Absent: the one before. */
  readonly to?: string
  readonly by: string
  readonly reason?: string
}

export type PauseRequest = {
  /** False: it goes on by itself again. */
  readonly isPaused: boolean
  readonly by: string
  readonly reason?: string
}

/** `exists`: it was so already. */
export type RolloutResult = {
  readonly effect: 'done' | 'exists'
  readonly transition: RolloutTransition | null
  readonly status: RolloutStatus
}

/** Text of a policy; `null` for the priors, which have none. */
export type PolicyText = { readonly version: string; readonly text: string | null }

/** The trained policies of a node: kept, promoted, rolled back. */
export type NodePolicies = {
  /** Throws `POLICY_ARTEFACT_INVALID`, `POLICY_FORMAT_NEWER`, `POLICY_REGISTRY_FULL`. */
  register(text: string): Promise<{ readonly version: string; readonly isNew: boolean }>
  /** Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  describe(version: string): Promise<RegisteredPolicy>
  list(): Promise<PolicyList>
  lineage(version: string): ReturnType<PolicyRegistry['lineage']>
  /** Of a version, `incumbent`, `candidate`, or `priors`. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  textOf(name: string): Promise<PolicyText>
  /** Throws `POLICY_GATE_MISSING` for a report that this node did not sign, or about another policy. */
  attachGateReport(version: string, text: string): Promise<AttachedGateReport>
  gateReports(version: string): Promise<readonly AttachedGateReport[]>
  /** Throws `POLICY_IN_USE`. */
  remove(version: string): Promise<boolean>
  /**
   * Takes a candidate a step up. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`, `POLICY_GATE_MISSING` without a signed report that it passed against
   * the policy that serves now, `POLICY_ROLLOUT_REFUSED`.
   */
  promote(request: PromotionRequest): Promise<RolloutResult>
  /** Takes the candidate back, at once. Throws `POLICY_ROLLOUT_REFUSED` where there is nothing to go back to. */
  rollBack(request: RollbackRequest): Promise<RolloutResult>
  /** Keeps the candidate in the shadow or canary where it is, or lets it go on by itself. Throws `POLICY_ROLLOUT_REFUSED` where none is under way. */
  pause(request: PauseRequest): Promise<RolloutResult>
  status(): RolloutStatus
}

export function createNodePolicies(components: NodePoliciesComponents): NodePolicies {
  const { registry } = components
  return {
    register: async (text) => await registry.register(text),
    describe: async (version) => await registry.describe(version),
    list: async () => await registry.list(),
    lineage: async (version) => await registry.lineage(version),
    textOf: async (name) => await textOf(components, name),
    attachGateReport: async (version, text) => await registry.attachGateReport(version, text),
    gateReports: async (version) => await registry.gateReports(version),
    remove: async (version) => await remove(components, version),
    promote: async (request) => await promote(components, request),
    rollBack: async (request) => await rollBack(components, request),
    pause: async (request) => await pause(components, request),
    status: () => describeRollout(components),
  }
}

async function textOf({ registry, served, configured }: NodePoliciesComponents, name: string): Promise<PolicyText> {
  const { incumbent, candidate, stage } = served.inForce
  // What serves in full is what the next one has to be better than.
  const serving = stage === 'full' && candidate !== undefined ? candidate : incumbent
  const version = { incumbent: serving.version, candidate: candidate?.version, priors: PRIORS_VERSION }[name] ?? name
  if (version === PRIORS_VERSION) return { version, text: null }
  if (version === configured.service.version && configured.text !== undefined) return { version, text: configured.text }
  return { version, text: await registry.text(version) }
}

async function remove(components: NodePoliciesComponents, version: string): Promise<boolean> {
  const { registry, owner, served } = components
  const { incumbent, candidate } = served.inForce
  const used = [incumbent.version, candidate?.version, owner.state.incumbent, ...owner.state.served]
  if (used.includes(version) || trialOf(owner.state.position)?.candidate === version) {
    throw new CodedError('POLICY_IN_USE', { message: `${version} serves, or is what a rollback goes back to` })
  }
  return await registry.remove(version)
}

async function promote(components: NodePoliciesComponents, request: PromotionRequest): Promise<RolloutResult> {
  const { registry, owner, shelf, isSuspended } = components
  const { version, stage, percent, by } = request
  const { position } = owner.state
  const candidate = await registry.describe(version)
  if (isSuspended() && position.stage !== 'legacy_only') throw suspendedError(components)
  const trial = trialOf(position)
  const isUnderWay = trial?.candidate === version
  if (isUnderWay && isThere(components, request)) {
    return { effect: 'exists', transition: null, status: describeRollout(components) }
  }
  const incumbent = await incumbentOf(components, isUnderWay)
  if (incumbent.version === version) return { effect: 'exists', transition: null, status: describeRollout(components) }
  const gate = requireGate({
    candidate,
    incumbent,
    reports: await registry.gateReports(version),
    floors: components.gateFloors,
    breach: owner.state.transitions.find((one) => one.cause === 'slo-breach' && one.candidate === version),
  }).sha256
  // Whatever is to serve is ready before it is said to serve.
  await shelf.open(version)
  await keepConfigured(components)
  const why = { by, reason: request.reason ?? 'by command', gate }
  const named = {
    version,
    incumbent: incumbent.version,
    baseline: components.configured.service.version,
    stage: stage ?? 'shadow',
    ...(percent !== undefined && { percent }),
    ...(request.isWithoutReference === true && { isWithoutReference: true }),
  } as const
  const isReplacing = !isUnderWay && (position.stage === 'shadow' || position.stage === 'canary')
  const change: RolloutChange =
    isUnderWay && stage === undefined
      ? { type: 'step-taken', ...why }
      : { type: isReplacing ? 'candidate-replaced' : 'candidate-promoted', ...named, ...why }
  const transition = await owner.change(change)
  return { effect: 'done', transition, status: describeRollout(components) }
}

async function pause(components: NodePoliciesComponents, request: PauseRequest): Promise<RolloutResult> {
  const { owner } = components
  const { isPaused, by, reason = 'by command' } = request
  if (trialOf(owner.state.position)?.isPaused === isPaused)
    return { effect: 'exists', transition: null, status: describeRollout(components) }
  const transition = await owner.change({ type: 'pause-set', isPaused, by, reason })
  return { effect: 'done', transition, status: describeRollout(components) }
}

/** Whether the candidate stands where it is asked to be. */
function isThere({ owner }: NodePoliciesComponents, { stage, percent }: PromotionRequest): boolean {
  const { position } = owner.state
  if (stage === undefined) return position.stage === 'full'
  if (stage !== position.stage) return false
  return stage !== 'canary' || percent === undefined || percent === percentOf(position)
}

/** What a new candidate has to be better than. The one that serves in full is it for the next; on its own way up it is not. */
async function incumbentOf(
  { owner, served, configured, registry }: NodePoliciesComponents,
  isUnderWay: boolean,
): Promise<{ readonly version: string; readonly sha256: string | null }> {
  const { position } = owner.state
  const { incumbent, candidate } = served.inForce
  const version =
    !isUnderWay && position.stage === 'full' && candidate !== undefined ? candidate.version : incumbent.version
  if (version === PRIORS_VERSION) return { version, sha256: null }
  if (version === configured.service.version && configured.text !== undefined)
    return { version, sha256: sha256Hex(configured.text) }
  return { version, sha256: (await registry.describe(version)).sha256 }
}

/** A policy of the configuration is what a rollback may go back to when the configuration names another one. */
async function keepConfigured({ configured, registry }: NodePoliciesComponents): Promise<void> {
  if (configured.text !== undefined) await registry.register(configured.text)
}

async function rollBack(components: NodePoliciesComponents, request: RollbackRequest): Promise<RolloutResult> {
  const { owner, shelf, configured, isSuspended } = components
  const baseline = configured.service.version
  const named = request.to === 'priors' ? PRIORS_VERSION : request.to
  const to = named ?? (isSuspended() ? baseline : undefined)
  const target = to ?? rollbackTarget(owner.state, baseline)
  if (target !== undefined) await shelf.open(target)
  const { stage } = owner.state.position
  if (stage === 'legacy_only' && to !== undefined && to === (owner.state.incumbent ?? baseline))
    return { effect: 'exists', transition: null, status: describeRollout(components) }
  const transition = await owner.change({
    type: 'rolled-back',
    ...(to !== undefined && { to }),
    baseline,
    by: request.by,
    reason: request.reason ?? 'by command',
  })
  return { effect: 'done', transition, status: describeRollout(components) }
}

function suspendedError({ configured, owner }: NodePoliciesComponents): CodedError {
  return new CodedError('POLICY_ROLLOUT_REFUSED', {
    message: `The configuration names ${configured.service.version}, and the rollout began with ${owner.state.baseline ?? 'another'}: it is suspended`,
    details: {
      reason: 'SUSPENDED',
      remedy: 'Roll back first (`kernell policy rollback`), or start the node without the policy of the configuration.',
    },
  })
}

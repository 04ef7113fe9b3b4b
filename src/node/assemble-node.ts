import { durableActors } from '../actors/durable/durable-actors.ts'
import type { PublicFetch } from '../guard/public-fetch.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { JsonValue } from '../base/canonical-json.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import { elapsedBetween, type Timestamp } from '../base/time.ts'
import { createLearningRecords } from '../telemetry/learning-records.ts'
import type { DerivationLedger } from '../learning/derivations/derivation-ledger.ts'
import { createAgentTools } from '../router/tools/agent-tools.ts'
import { routeWithTools } from '../router/tools/route-with-tools.ts'
import type { BudgetOwner } from '../router/budgets/budget-owner.ts'
import type { TextGuard } from '../router/untrusted/text-guard.ts'
import type { ModelBreaker } from '../models/breaking-model.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { Random } from '../ports/random.ts'
import type { Router } from '../ports/router.ts'
import type { ToolServers } from '../ports/tool-servers.ts'
import type { AgentPeers } from '../ports/agent-peers.ts'
import type { PolicyKernel } from '../ports/policy-kernel.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'
import type { ActivityFeeds, NodeActivity } from './activity/node-activity.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { AccessDoor } from './access/access-door.ts'
import { boundRouter } from './access/bounded-router.ts'
import type { NodeAccess } from './access/open-access.ts'
import type { TenantDocuments } from './documents/tenant-documents.ts'
import { diagnoseModels } from './diagnosis/diagnose-models.ts'
import { evaluateCache } from './evaluation/evaluate-cache.ts'
import { evaluateInjection } from './evaluation/evaluate-injection.ts'
import { evaluateCost } from './evaluation/evaluate-cost.ts'
import { evaluateRouting } from './evaluation/evaluate-routing.ts'
import type { HealthCheck, KernellNode, NodeHealth, NodeModel } from './kernell-node.ts'
import type { EvaluatingNode } from './node-evaluations.ts'
import type { AnswerCache } from './open-answer-cache.ts'
import { recordsWithLearner } from './learning/online/learning-records.ts'
import type { AttachedRollout } from './learning/rollout/open-rollout.ts'
import { carryOutWith } from './firewall/carry-out.ts'
import type { PlanFiles } from './firewall/plan-files.ts'
import type { OpenFirewall } from './firewall/open-firewall.ts'
import type { NodePolicy } from './open-policy.ts'
import type { NodeTelemetry } from './open-telemetry.ts'
import type { ConvictedMembers } from './market/gossip/convicted-members.ts'
import type { A2aOnDemand } from './a2a/a2a-on-demand.ts'
import type { MarketOnDemand } from './market/market-on-demand.ts'
import type { NodeRights } from './rights/open-rights.ts'
import { guardRouter } from './rights/guarded-router.ts'
import { programRunner } from './sandbox/run-program.ts'
import { addNodeMetrics, type MeteredParts } from './node-metrics.ts'
import type { NodeMemory } from './node-memory.ts'
import type { NodePlans } from './node-plans.ts'
import { type CostHistory, createCostHistory } from './usage/cost-history.ts'
import { createNodeUsage, type NodeUsage } from './usage/node-usage.ts'
import { createNodeRecords, type NodeRecords } from './node-records.ts'
import { readPackageVersion } from './package-version.ts'
import { RecentDecisions } from './recent-decisions.ts'
import { addSharedMetrics, sharedChecks } from './fleet/shared-health.ts'
import type { SharedStore } from './fleet/open-shared-store.ts'

export type NodeParts = {
  readonly config: NodeConfig
  readonly feeds: ActivityFeeds
  readonly actors: ActorSystem
  readonly memory: NodeMemory
  readonly agentPlans: NodePlans
  readonly rights: NodeRights
  readonly market: MarketOnDemand
  /** Opens tasks of other agents over the router that callers get. */
  readonly a2a: A2aOnDemand
  readonly agentPeers: AgentPeers
  readonly withAgentAt: KernellNode['withAgentAt']
  readonly convicted: ConvictedMembers
  readonly access: NodeAccess
  readonly door: AccessDoor
  readonly router: Router
  readonly catalog: ModelCatalog
  readonly telemetry: NodeTelemetry
  readonly budgets: BudgetOwner
  /** Absent where everything is in the data directory. */
  readonly shared: SharedStore | undefined
  readonly answers: AnswerCache
  /** Absent where no text is looked at. */
  readonly textGuard: TextGuard | undefined
  readonly openFirewall: OpenFirewall
  readonly planFiles: PlanFiles
  readonly random: Random
  readonly policy: NodePolicy
  readonly rollout: AttachedRollout
  readonly kernel: VectorKernel & PolicyKernel
  /** The store's part for the cache's answers. */
  readonly answerStore: KeyValueStore
  readonly documents: TenantDocuments
  readonly embed: KernellNode['embed']
  /** What was made from records. */
  readonly derivations: DerivationLedger
  readonly backUp: KernellNode['backUp']
  /** Rewrites the store's files without what was deleted, and the journals that name tasks. */
  readonly compact: () => Promise<void>
  readonly web: PublicFetch
  readonly breakers: readonly ModelBreaker[]
  readonly toolServers: ToolServers
  readonly clock: Clock
  readonly startedAt: Timestamp
  readonly close: () => Promise<void>
}

/** The node that callers hold, over the composed parts. */
export function assembleNode(parts: NodeParts): EvaluatingNode {
  const { config, router, telemetry, answers, policy, rollout, kernel, close } = parts
  const version = readPackageVersion()
  const models = modelsOf(parts)
  const learner = startLearner(parts)
  const decisions = new RecentDecisions(config.peers, parts.feeds.tasks)
  const runProgram = programRunner({ rights: parts.rights, settings: config.sandbox })
  const usage = createNodeUsage({ ...telemetry, hasConsent: config.telemetry.consent })
  const watched = guardRouter(boundRouter(decisions.watch(router), parts.door), parts.rights)
  const node: EvaluatingNode = {
    config,
    actors: parts.actors,
    durableActors: durableActors(parts.actors),
    openMemory: async () => await parts.memory.open(),
    openPlans: async () => await parts.agentPlans.open(),
    openFirewall: parts.openFirewall,
    carryOutPlan: carryOutWith({ ...parts, files: parts.planFiles, router: watched, runProgram }),
    ...toolsOf(parts, watched),
    runProgram,
    openMarket: async (init) => await parts.market.open(init),
    agentPeers: parts.agentPeers,
    withAgentAt: parts.withAgentAt,
    openA2a: async (init) => await parts.a2a.open({ router: watched, listModels: () => models }, init),
    web: parts.web,
    toolServers: parts.toolServers,
    rights: parts.rights,
    access: parts.access,
    usage,
    costHistory: costHistoryOf(parts, usage),
    router: watched,
    documents: parts.documents,
    ...(parts.shared !== undefined && { claims: parts.shared.claims }),
    explainDecision: (taskId, tenant) => decisions.of(taskId, tenant),
    activity: activityOf(parts),
    backUp: parts.backUp,
    listModels: () => models,
    records: recordsWithLearner(recordsOf(parts), learner),
    embed: parts.embed,
    policies: rollout.policies,
    async decidePolicy(body: JsonValue, options) {
      parts.rights.stop.check()
      return await policy.answer(body, options)
    },
    evaluateRouting,
    evaluateCost,
    evaluateCache: async (evaluation, options) =>
      await evaluateCache({ kernel, embedder: answers.embedder }, evaluation, options),
    evaluateInjection: async (evaluation, options) => await evaluateInjection(kernel, evaluation, options),
    tracer: telemetry.tracer,
    trackHttp: (change) => telemetry.metrics.trackHttp(change),
    observeHttp: (observation) => telemetry.metrics.observeHttp(observation),
    describeMetrics: () => telemetry.metrics.describe(),
    async metricsText() {
      telemetry.pipeline.countPending()
      return await telemetry.metrics.text()
    },
    health: () => healthOf(parts, models, version),
    close,
    [Symbol.asyncDispose]: close,
  }
  addNodeMetrics({ ...parts, ...telemetry, cache: answers.cache, version, ...readingsOf(parts) })
  addSharedMetrics(telemetry.metrics, parts.shared)
  return node
}

/** What agents and the models of tasks may call, each call through the firewall. */
function toolsOf(
  { toolServers: servers, agentPeers: peers, openFirewall }: NodeParts,
  router: Router,
): Pick<KernellNode, 'agentTools' | 'routeWithTools'> {
  const agentTools: KernellNode['agentTools'] = (asked) => createAgentTools({ servers, peers }, asked)
  return {
    agentTools,
    routeWithTools: async (request, options = {}) => {
      const { agent } = request.caller
      const whose = agent === undefined ? {} : { agent }
      const named = options.tools
      const tools = named === undefined ? servers.openTask(whose) : agentTools({ ...whose, tools: named }).openTask()
      return await routeWithTools({ router, tools, firewall: await openFirewall() }, request, options)
    },
  }
}

/** What everything says of itself. */
function checksOf(parts: NodeParts, models: readonly NodeModel[]): readonly HealthCheck[] {
  const { config, telemetry, answers, policy, rollout, clock } = parts
  return [
    ...diagnoseModels(models, civilDateOfInstant(clock.now())),
    ...policy.checks(),
    ...rollout.checks(),
    cacheCheck(answers),
    textCheck(parts.textGuard),
    ...recordChecks(telemetry, config),
    ...sharedChecks(parts.shared, parts.access.ageMs),
    ...parts.convicted.checks(),
    ...stopCheck(parts.rights),
  ]
}

function readingsOf({ breakers, rights }: NodeParts): Pick<MeteredParts, 'breakers' | 'quotaRefusals' | 'isReady'> {
  return {
    breakers: () => breakers,
    quotaRefusals: () => rights.quotas.refusals,
    isReady: () => rights.stop.current === undefined,
  }
}

/** Where several nodes write into the same records, those of this one's memory are a part of them. */
function costHistoryOf({ shared, feeds, clock, startedAt }: NodeParts, usage: NodeUsage): CostHistory {
  const live = shared === undefined ? { live: feeds.tasks.series } : {}
  return createCostHistory({ usage, clock, startedAt, ...live })
}

function activityOf({ feeds, answers, budgets }: NodeParts): NodeActivity {
  return {
    ...feeds,
    cacheStatistics: () => answers.cache?.statistics(),
    async budgetLines() {
      await budgets.look?.().catch(() => undefined)
      return budgets.inspect()
    },
  }
}

function healthOf(parts: NodeParts, models: readonly NodeModel[], version: string): NodeHealth {
  const { clock, rights, startedAt } = parts
  const checks = checksOf(parts, models)
  const uptimeS = elapsedBetween(startedAt, clock.now()) / 1000
  return { isReady: rights.stop.current === undefined, version, uptimeS, checks }
}

function stopCheck({ stop }: NodeRights): readonly HealthCheck[] {
  const { current } = stop
  if (current === undefined) return []
  return [
    {
      name: 'stopped',
      state: 'failed',
      detail: `all work was stopped by ${current.by}`,
      remedy: '`kernell stop-all --release` lets it begin again.',
    },
  ]
}

function recordsOf(parts: NodeParts): NodeRecords {
  const { config, clock, telemetry, answers } = parts
  return createNodeRecords({
    hasConsent: config.telemetry.consent,
    clock,
    store: telemetry.store,
    followUps: telemetry.followUps,
    derivations: parts.derivations,
    pipeline: telemetry.pipeline,
    cache: answers.cache,
    answerStore: parts.answerStore,
    documents: parts.documents,
    memory: parts.memory,
    plans: parts.agentPlans,
    planFiles: parts.planFiles,
    agentTasks: parts.a2a,
    compact: parts.compact,
    onFeedback: parts.rollout.takeFeedback,
  })
}

function modelsOf({ catalog }: NodeParts): readonly NodeModel[] {
  const available = new Set(catalog.available.map(({ id }) => id))
  const described = catalog.registry.entries.map((entry): NodeModel =>
    available.has(entry.id)
      ? { entry, isAvailable: true }
      : { entry, isAvailable: false, unavailableBecause: catalog.explainAbsence(entry.id) },
  )
  return described.toSorted((left, right) => Number(right.isAvailable) - Number(left.isAvailable))
}

function cacheCheck({ cache, calibration }: AnswerCache): HealthCheck {
  if (cache === undefined)
    return { name: 'cache', state: 'warning', detail: 'switched off', remedy: 'Set `cache.enabled` to true.' }
  const { entries, corrupted } = cache.statistics()
  if (corrupted > 0) {
    return {
      name: 'cache',
      state: 'warning',
      detail: `${corrupted} stored answers could not be read and were left out`,
      remedy: 'Nothing has to be done; they are asked again when needed.',
    }
  }
  if (calibration !== undefined)
    return { name: 'cache', state: 'ok', detail: `${entries} answers; exact and similar questions are served` }
  return {
    name: 'cache',
    state: 'warning',
    detail: `${entries} answers; only exact repeats are served, since no calibration is loaded`,
    remedy:
      'Train one on your own question pairs: `kernell eval cache --train PAIRS.jsonl --test PAIRS.jsonl --save cache.json`, then `kernell serve --cache-calibration cache.json`.',
  }
}

function textCheck(guard: TextGuard | undefined): HealthCheck {
  if (guard === undefined)
    return {
      name: 'untrusted text',
      state: 'warning',
      detail: 'not scored',
      remedy: 'Set `untrusted.enabled` to true.',
    }
  if (guard.scoredBy === 'model') return { name: 'untrusted text', state: 'ok', detail: 'scored by a trained model' }
  return {
    name: 'untrusted text',
    state: 'warning',
    detail: 'scored by rules alone, which know the plainest prompt injections; no trained model is loaded',
    remedy:
      'Train one on attacks and on your own tasks: `kernell eval injection --train ATTACKS.jsonl TASKS.jsonl --test ATTACKS.jsonl --save injection.json`, then `kernell serve --injection-model injection.json`.',
  }
}

function recordChecks({ pipeline }: NodeTelemetry, config: NodeConfig): readonly HealthCheck[] {
  if (!config.telemetry.consent)
    return [{ name: 'telemetry', state: 'ok', detail: 'no records are kept (telemetry.consent is false)' }]
  const { droppedCount, storedCount } = pipeline
  if (droppedCount === 0)
    return [{ name: 'telemetry', state: 'ok', detail: `${storedCount} records kept since the start` }]
  return [
    {
      name: 'telemetry',
      state: 'warning',
      detail: `${droppedCount} records were dropped`,
      remedy: 'The disk is too slow or full; see the warnings on stderr.',
    },
  ]
}

/** Learns from what is recorded, and keeps account of the versions that come of it. */
function startLearner({ rollout, telemetry, catalog, derivations, clock }: NodeParts) {
  return rollout.startLearning({
    records: createLearningRecords(telemetry),
    models: catalog.available,
    async onVersion(policyVersion, rows) {
      const madeAt = new Date(clock.now()).toISOString()
      const made = { kind: 'policy', path: null, version: policyVersion, from: null, to: null, hash: null } as const
      await derivations.record({ ...made, made_at: madeAt, rows, tenants: null })
    },
  })
}

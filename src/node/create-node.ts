import { totalmem } from 'node:os'
import type { ActorRef } from '../actors/actor-ref.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { Timestamp } from '../base/time.ts'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { createDerivationLedger } from '../learning/derivations/derivation-ledger.ts'
import { createO200kTokenizer } from '../models/tokenizer.ts'
import type { Budgets } from '../ports/budgets.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'
import type { Router } from '../ports/router.ts'
import { SHADOW_ACCOUNT } from '../router/budget-accounts.ts'
import { createBudgetOwner, type BudgetLimit, type BudgetOwner } from '../router/budget-owner.ts'
import { createAnswerCheck } from '../router/check-answer.ts'
import { withPeers } from '../router/peers/peer-catalog.ts'
import type { PeerTier } from '../router/peers/peer-tier.ts'
import { openPeers } from './peers/open-peers.ts'
import { createRouter } from '../router/router-service.ts'
import type { TextGuard } from '../router/untrusted/text-guard.ts'
import { createTaskHasher } from '../telemetry/task-hasher.ts'
import { askLocalServers, type ServedModels } from './ask-local-servers.ts'
import { writeBackupFile } from './backup/backup-files.ts'
import { assembleNode, type NodeParts } from './assemble-node.ts'
import { assertRolesServed, createNodeCatalog } from './catalog/node-catalog.ts'
import { judgeOf } from './catalog/judge-of.ts'
import { buildServedEntries } from './catalog/served-entries.ts'
import type { Environment } from './config/environment-document.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { EvaluatingNode } from './node-evaluations.ts'
import { outgoingError } from './outgoing-text.ts'
import { openAnswerCache, type AnswerCache } from './open-answer-cache.ts'
import { planFilesOf } from './firewall/carry-out.ts'
import { firewallOf, type OpenFirewall } from './firewall/open-firewall.ts'
import { openTextGuard } from './open-injection-scorer.ts'
import { openLocalWeights, type LocalWeights } from './open-local-weights.ts'
import { openGuardedModel } from './open-models.ts'
import { openRollout, type AttachedRollout, type NodeRollout } from './learning/rollout/open-rollout.ts'
import { openRegretLedger } from '../router/rollout/regret-ledger.ts'
import { openInstallationKey } from './learning/rollout/open-signer.ts'
import { openPlatform, type CreateNodeInit, type Lifetime, type Opening, type Platform } from './open-platform.ts'
import { openPolicy, policyMaker, readConfiguredPolicy, type NodePolicy } from './open-policy.ts'
import { openTelemetry, type NodeTelemetry } from './open-telemetry.ts'
import { readImportedRows } from './prices/imported-price-lists.ts'

/** Most tokens of earlier steps that a step of a split task sees. */
const STEP_CONTEXT_TOKENS_MAX = 3_000

/**
 * Composes a node: opens the data directory, asks local servers for their models, and wires the services. Everything that was opened is
 * closed again when a later part fails.
 *
 * Throws `CONFIG_INVALID`, `STORE_LOCKED`, `STORE_FORMAT_NEWER`, `STORE_CORRUPTED`, `TELEMETRY_PACKAGE_MISSING`, `POLICY_ARTEFACT_INVALID`,
 * `CACHE_CALIBRATION_INVALID`; the signal's reason when aborted.
 */
export async function createNode(init: CreateNodeInit): Promise<EvaluatingNode> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    const failures: unknown[] = []
    for (const closer of closers.splice(0).toReversed()) await closer().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    return await compose(init, { closers, close })
  } catch (error: unknown) {
    await close().catch(() => undefined)
    throw error
  }
}

async function compose(init: CreateNodeInit, { closers, close }: Lifetime): Promise<EvaluatingNode> {
  const { environment, signal, onBackgroundError: onError = warn } = init
  const opening = { ...init, closers, onError }
  const platform = await openPlatform(opening)
  const { directory, actors, memory, agentPlans, rights, market, kernel, clock, startedAt, outbound } = platform
  const servers = await askLocalServers(init.config, outbound, signal)
  const config = withFoundServers(init.config, servers)
  const weights = openLocalWeights(config.dataDir)
  closers.push(() => weights.dispose())
  const catalog = await openCatalog({ config, servers, startedAt, clock, outbound, environment, weights })
  const { store, secret } = directory
  const telemetry = await openTelemetry({
    ...platform,
    config: config.telemetry,
    root: store,
    secret,
    memoryBytes: totalmem(),
    onError,
  })
  closers.push(() => telemetry.stop())
  const log = await directory.openEventLog('budgets')
  const budgets = createBudgetOwner({ ...platform, log }, { limits: limitsOf(config) })
  closers.push(() => budgets.stop())
  await budgets.start()
  const parts = { ...platform, config, environment, weights, onError, closers }
  const answerStore = store.sublevel('cache')
  const answers = await openAnswerCache({ ...parts, store: answerStore, ...(signal !== undefined && { signal }) })
  closers.push(async () => await answers.cache?.close())
  const textGuard = await openTextGuard(kernel, config.untrusted)
  const rollout = await openNodeRollout(parts)
  closers.push(() => rollout.stop())
  const policy = await openPolicy({ ...parts, catalog }, rollout.served)
  const peers = await openNodePeers({ ...parts, catalog })
  // First of all, so that plans end while everything that they use is there.
  closers.push(platform.closePlans)
  const keeping = keepingOf({ ...platform, budgets, config })
  const serving = { config, catalog, budgets, telemetry, answers, policy, textGuard, ...keeping }
  const { router, attached } = wireRouter({ ...platform, ...serving, peers, rollout })
  return assembleNode({
    ...serving,
    actors,
    memory,
    agentPlans,
    rights,
    market,
    convicted: platform.convicted,
    router,
    rollout: attached,
    kernel,
    answerStore,
    random: platform.random,
    backUp: async (backup) => await writeBackupFile(directory, backup),
    web: platform.web,
    clock,
    startedAt,
    close,
  })
}

/** What is known of files that were made from records, and how what is deleted goes for good. */
function keepingOf({
  directory: { store, secret },
  clock,
  random,
  budgets,
  config: { firewall: policy, dataDir },
}: Platform & { readonly budgets: BudgetOwner; readonly config: NodeConfig }): Pick<
  NodeParts,
  'derivations' | 'compact' | 'openFirewall' | 'planFiles'
> {
  return {
    openFirewall: firewallOf({ store: store.sublevel('firewall'), clock, random, secret, policy }),
    planFiles: planFilesOf(dataDir),
    derivations: createDerivationLedger({
      store: store.sublevel('derivations'),
      hashTenant: createTaskHasher(secret),
    }),
    async compact() {
      await store.compact()
      // Its records name tasks.
      await budgets.compact()
    },
  }
}

type PeerParts = Platform & Pick<Opening, 'config' | 'onError' | 'closers'> & { readonly catalog: ModelCatalog }

/** What is learned of peers is written to its end before the store closes. */
async function openNodePeers({ closers, ...parts }: PeerParts): Promise<PeerTier | undefined> {
  const store = parts.directory.store.sublevel('peers')
  const peers = await openPeers({ ...parts, market: parts.peerMarket, store })
  closers.push(async () => await peers?.close())
  return peers?.tier
}

type RolloutParts = Platform & Pick<Opening, 'config' | 'onError'>

async function openNodeRollout(parts: RolloutParts): Promise<NodeRollout> {
  const { config, directory, startedAt, onError } = parts
  const regrets = await openRegretLedger({
    store: directory.store.sublevel('regret'),
    today: civilDateOfInstant(startedAt),
    limits: config.policy.explore ?? {},
    onError,
  })
  const createService = policyMaker(parts, regrets)
  const rollout = await openRollout({
    ...parts,
    root: directory.store,
    log: await directory.openEventLog('rollout'),
    signer: await openInstallationKey(config.dataDir),
    configured: await readConfiguredPolicy(config, createService),
    createService,
  })
  return {
    ...rollout,
    async stop() {
      await rollout.stop()
      await regrets.close()
    },
  }
}

/** Trying candidates in the shadow is always bounded, by nothing where the operator allows nothing. */
function limitsOf({ budgets, policy }: NodeConfig): readonly BudgetLimit[] {
  const { shadowBudgetNanos, shadowBudgetWindow } = policy.rollout
  return [...budgets, { scope: SHADOW_ACCOUNT, window: shadowBudgetWindow, limitNanos: shadowBudgetNanos }]
}

type RouterParts = {
  readonly config: NodeConfig
  readonly actors: ActorSystem
  readonly plans: ActorRef
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly telemetry: NodeTelemetry
  readonly answers: AnswerCache
  readonly policy: NodePolicy
  /** Absent where nothing may be bought. */
  readonly peers: PeerTier | undefined
  readonly rollout: NodeRollout
  readonly textGuard: TextGuard | undefined
  readonly openFirewall: OpenFirewall
}

type WiredRouter = { readonly router: Router; readonly attached: AttachedRollout }

function wireRouter({
  config,
  actors,
  plans,
  catalog: models,
  budgets,
  clock,
  timers,
  random,
  telemetry,
  answers,
  policy,
  peers,
  rollout,
  textGuard,
  openFirewall,
}: RouterParts): WiredRouter {
  const { attemptTimeoutMs, decompose } = config.router
  const catalog = peers === undefined ? models : withPeers(models, peers)
  const calling = { catalog, budgets, clock, timers, tracer: telemetry.tracer, attemptTimeoutMs }
  const checkAnswer = createAnswerCheck(calling, {
    ...judgeOf(config, catalog),
    peers,
    answerSuccess: (entry, answered) => policy.own.answerSuccess(entry, answered),
  })
  const attached = rollout.attach({ calling, checkAnswer, random, followUps: telemetry.followUps }, telemetry.metrics)
  const router = createRouter(
    {
      ...calling,
      actors,
      plans,
      checkAnswer,
      cache: answers.cache,
      policy: policy.policy,
      peers,
      random,
      textGuard,
      openFirewall: async () => await openFirewall(),
      telemetry: telemetry.pipeline,
      observe: attached.observe,
    },
    { decompose, contextTokensMax: STEP_CONTEXT_TOKENS_MAX },
  )
  return { router, attached }
}

type CatalogParts = {
  readonly config: NodeConfig
  readonly servers: ServedModels
  readonly startedAt: Timestamp
  readonly clock: Clock
  readonly outbound: OutboundFetch
  readonly environment: Environment
  readonly weights: LocalWeights
}

async function openCatalog({
  config,
  servers,
  startedAt,
  clock,
  outbound,
  environment,
  weights,
}: CatalogParts): Promise<ModelCatalog> {
  const today = civilDateOfInstant(startedAt)
  const imported = await readImportedRows(config.dataDir)
  const served = buildServedEntries({ config, listed: servers.listed, imported, today })
  assertRolesServed(config, served)
  const opening = {
    outbound,
    environment,
    providers: config.providers,
    tokenizer: createO200kTokenizer(),
    openGguf: (entry: ModelEntry) => weights.openModel(entry),
  }
  const isHiding = config.privacy?.hidesSecrets === true
  const open = (entry: ModelEntry): LanguageModel => openGuardedModel({ ...opening, clock, isHiding }, entry)
  return createNodeCatalog({ config, served, today, open })
}

function withFoundServers(config: NodeConfig, { found }: ServedModels): NodeConfig {
  return { ...config, providers: { ...found, ...config.providers } }
}

function warn(error: unknown): void {
  // Whoever ended something knows of it.
  if (error instanceof Error && error.name === 'AbortError') return
  process.emitWarning(outgoingError(error))
}

import { totalmem } from 'node:os'
import { civilDateOfInstant } from '../core/models/civil-date.ts'
import { createDerivationLedger } from '../learning/derivations/derivation-ledger.ts'
import type { ModelBreaker } from '../models/breaking-model.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { BudgetOwner } from '../router/budgets/budget-owner.ts'
import type { PeerTier } from '../router/peers/peer-tier.ts'
import { openPeers } from './peers/open-peers.ts'
import { createLoneJournal } from '../storage/lone-journal.ts'
import { createNodeFileSystem } from '../storage/node-file-system.ts'
import { type ActivityFeeds, createActivityFeeds } from './activity/node-activity.ts'
import { createTaskHasher } from '../telemetry/task-hasher.ts'
import type { ResolveHost } from '../guard/pin-host.ts'
import { workWithAgentAt } from './a2a/peers/agent-at.ts'
import { createAgentPeers } from './a2a/peers/late-agent-peers.ts'
import { createA2aOnDemand, type A2aOnDemand } from './a2a/a2a-on-demand.ts'
import { openAccess, type OpenedAccess } from './access/open-access.ts'
import { askLocalServers, type ServedModels } from './ask-local-servers.ts'
import { writeBackupFile } from './backup/backup-files.ts'
import { assembleNode, type NodeParts } from './assemble-node.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { EvaluatingNode } from './node-evaluations.ts'
import { outgoingError } from './outgoing-text.ts'
import { type AnswerCache, openAnswerCache, type OpenAnswerCacheInit } from './open-answer-cache.ts'
import { planFilesOf } from './firewall/carry-out.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import { createEmbed } from './embeddings/embed-texts.ts'
import { createSharedDocuments } from './documents/shared-documents.ts'
import { createTenantDocuments, type TenantDocuments } from './documents/tenant-documents.ts'
import { firewallOf } from './firewall/open-firewall.ts'
import { openTextGuard } from './open-injection-scorer.ts'
import { openLocalWeights } from './open-local-weights.ts'
import { openRollout, type NodeRollout } from './learning/rollout/open-rollout.ts'
import { openRegretLedger } from '../router/rollout/regret-ledger.ts'
import { openInstallationKey } from './learning/rollout/open-signer.ts'
import { openPlatform, type CreateNodeInit, type Lifetime, type Opening, type Platform } from './open-platform.ts'
import { openPolicy, policyMaker, readConfiguredPolicy } from './open-policy.ts'
import { readPackageVersion } from './package-version.ts'
import { openTelemetry } from './open-telemetry.ts'
import { openBudgets } from './fleet/open-budgets.ts'
import type { SharedStore } from './fleet/open-shared-store.ts'
import { openCatalog } from './catalog/open-catalog.ts'
import { wireRouter } from './wire-router.ts'

/**
 * Composes a node: opens the data directory, asks local servers for their models, and wires the services. Everything that was opened is
 * closed again when a later part fails.
 *
 * Throws `CONFIG_INVALID`, `STORE_LOCKED`, `STORE_FORMAT_NEWER`, `STORE_CORRUPTED`, `TELEMETRY_PACKAGE_MISSING`, `POLICY_ARTEFACT_INVALID`,
 * `CACHE_CALIBRATION_INVALID`, what a shared store throws; the signal's reason when aborted.
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
  const breakers: ModelBreaker[] = []
  const onBreaker = (breaker: ModelBreaker): void => void breakers.push(breaker)
  const opened = await openCatalog({ config, servers, startedAt, clock, outbound, environment, weights, onBreaker })
  const { catalog } = opened
  const { shared } = platform
  const { store, secret } = shared ?? directory
  const kept = { root: store, secret, memoryBytes: totalmem() }
  const telemetry = await openTelemetry({ ...platform, ...kept, shared, config: config.telemetry, onError })
  closers.push(() => telemetry.stop())
  const access = await openNodeAccess({ ...platform, config, shared, onError, closers })
  const budgets = await openBudgets({ ...platform, config, shared, access, closers })
  const parts = { ...platform, config, environment, weights, onError, closers }
  const answerStore = store.sublevel('cache')
  const answers = await openAnswers({ ...parts, store: answerStore, shared, ...(signal !== undefined && { signal }) })
  const textGuard = await openTextGuard(kernel, config.untrusted)
  const rollout = await openNodeRollout(parts)
  closers.push(() => rollout.stop())
  const policy = await openPolicy({ ...parts, catalog }, rollout.served)
  const peers = await openNodePeers({ ...parts, catalog })
  // First of all, so that plans end while everything that they use is there.
  closers.push(platform.closePlans)
  const keeping = keepingOf({ ...platform, budgets, config, shared })
  const a2a = openNodeA2a(parts, init.resolveHost)
  const serving = { config, shared, catalog, budgets, telemetry, answers, policy, textGuard, ...keeping }
  const own = { door: access.door, embedder: answers.embedder, entries: opened.embeddings, stop: rights.stop }
  const feeds = openFeeds({ access, actors, clock })
  const { router, attached } = wireRouter({ ...platform, ...serving, peers, rollout, feeds })
  return assembleNode({
    ...serving,
    embed: createEmbed({ ...parts, ...serving, ...own, countUsage: telemetry.countUsage }),
    feeds,
    actors,
    memory,
    agentPlans,
    rights,
    market,
    a2a,
    agentPeers: createAgentPeers({ ...platform, textGuard, environment }, config.a2a.peers),
    withAgentAt: async (address, work) => await workWithAgentAt({ ...platform, ...init, textGuard }, address, work),
    convicted: platform.convicted,
    access: await access.attach(budgets),
    door: access.door,
    router,
    rollout: attached,
    kernel,
    answerStore,
    random: platform.random,
    breakers,
    backUp: async (backup) => await writeBackupFile(directory, backup),
    web: platform.web,
    toolServers: platform.toolServers,
    clock,
    startedAt,
    close,
  })
}

function openFeeds({
  access,
  actors,
  clock,
}: Pick<Platform, 'actors' | 'clock'> & { readonly access: OpenedAccess }): ActivityFeeds {
  const feeds = createActivityFeeds()
  access.listen(() => feeds.changes.note('access'))
  actors.onSupervision((event) => {
    feeds.supervision.take(event, clock.now())
    feeds.changes.note('supervision')
  })
  return feeds
}

/** What is known of files that were made from records, and how what is deleted goes for good. */
function keepingOf({
  directory: { store, secret },
  clock,
  random,
  budgets,
  shared,
  config: { firewall: policy, dataDir },
}: Platform & {
  readonly budgets: BudgetOwner
  readonly config: NodeConfig
  readonly shared: SharedStore | undefined
}): Pick<NodeParts, 'derivations' | 'compact' | 'openFirewall' | 'planFiles' | 'documents'> {
  return {
    documents: openDocuments({ store, clock, shared }),
    openFirewall: firewallOf({ store: store.sublevel('firewall'), clock, random, secret, policy }),
    planFiles: planFilesOf(dataDir),
    derivations: createDerivationLedger({
      store: (shared?.store ?? store).sublevel('derivations'),
      hashTenant: createTaskHasher(shared?.secret ?? secret),
    }),
    async compact() {
      await store.compact()
      await shared?.store.compact()
      // Its records name tasks.
      await budgets.compact()
    },
  }
}

function openDocuments({
  store,
  clock,
  shared,
}: Pick<Platform, 'clock' | 'shared'> & { readonly store: KeyValueStore }): TenantDocuments {
  const own = createTenantDocuments({ store: store.sublevel('documents'), clock })
  if (shared === undefined) return own
  return createSharedDocuments({
    before: own,
    store: shared.store.sublevel('documents'),
    watch: (listener) => shared.changes.watch('documents', listener),
    clock,
  })
}

type AccessParts = Platform &
  Pick<Opening, 'config' | 'closers' | 'onError'> & { readonly shared: SharedStore | undefined }

/** Before the budgets, which start with its limits, and after them again: what they still hold has to be told of to the end. */
async function openNodeAccess({ closers, directory, rights, shared, ...parts }: AccessParts): Promise<OpenedAccess> {
  const access = await openAccess({
    ...parts,
    journal: createLoneJournal(await directory.openEventLog('access')),
    shared: shared && { journal: shared.createJournal('access'), rates: shared.rates, staleMs: shared.staleMs },
    fileSystem: createNodeFileSystem(),
    record: async (event) => await (await rights.openAudit()).append(event),
  })
  closers.push(() => access.stop())
  return access
}

type AnswerParts = OpenAnswerCacheInit & Pick<Opening, 'closers'>

async function openAnswers({ closers, ...parts }: AnswerParts): Promise<AnswerCache> {
  const answers = await openAnswerCache(parts)
  closers.push(async () => await answers.cache?.close())
  return answers
}

type PeerParts = Platform & Pick<Opening, 'config' | 'onError' | 'closers'> & { readonly catalog: ModelCatalog }

/** What is learned of peers is written to its end before the store closes. */
async function openNodePeers({ closers, ...parts }: PeerParts): Promise<PeerTier | undefined> {
  const store = parts.directory.store.sublevel('peers')
  const peers = await openPeers({ ...parts, market: parts.peerMarket, store })
  closers.push(async () => await peers?.close())
  return peers?.tier
}

type A2aNodeParts = Platform & Pick<Opening, 'config' | 'onError' | 'closers'>

function openNodeA2a(
  { config, directory, closers, shared, ...parts }: A2aNodeParts,
  resolveHost: ResolveHost | undefined,
): A2aOnDemand {
  const a2a = createA2aOnDemand({
    ...parts,
    config: config.a2a,
    isKeyed: config.keys.length > 0,
    version: readPackageVersion(),
    store: directory.store.sublevel('a2a'),
    ...(shared !== undefined && { openShared: () => shared.openAgentTasks() }),
    openSigner: async () => await openInstallationKey(config.dataDir),
    openMarket: async () => await parts.market.open(),
    resolveHost,
  })
  closers.push(() => a2a.close())
  return a2a
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

function withFoundServers(config: NodeConfig, { found }: ServedModels): NodeConfig {
  return { ...config, providers: { ...found, ...config.providers } }
}

function warn(error: unknown): void {
  // Whoever ended something knows of it.
  if (error instanceof Error && error.name === 'AbortError') return
  process.emitWarning(outgoingError(error))
}

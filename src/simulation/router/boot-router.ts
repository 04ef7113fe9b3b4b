import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { createActorSystem } from '../../actors/create-actor-system.ts'
import type { DurationMs } from '../../base/time.ts'
import type { ModelEntry } from '../../core/models/model-entry.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { Router, RouteRequest } from '../../ports/router.ts'
import { NO_OP_TRACER } from '../../ports/tracer.ts'
import { createBudgetOwner, type BudgetOwner } from '../../router/budgets/budget-owner.ts'
import { advanceBudgets } from '../../router/budgets/advanced-budgets.ts'
import { createHashedEmbedder } from '../../router/cache/hashed-embedder.ts'
import { openSemanticCache } from '../../router/cache/open-semantic-cache.ts'
import { type CheckAnswerInit, createAnswerCheck } from '../../router/check-answer.ts'
import { createPolicyService, type PolicyService } from '../../router/policy-service.ts'
import { createRouter } from '../../router/router-service.ts'
import { PeerBook } from '../../router/peers/peer-book.ts'
import { withPeers } from '../../router/peers/peer-catalog.ts'
import { PeerTier } from '../../router/peers/peer-tier.ts'
import type { SemanticCache } from '../../router/semantic-cache.ts'
import type { ServedPolicy } from '../../router/served-policy.ts'
import { DirectoryJournals } from '../../storage/directory-journals.ts'
import { createTypeScriptKernel } from '../../wasm/typescript-kernel.ts'
import { openJournalledStore } from '../disk/journalled-store.ts'
import type { Machine, MachineWork } from '../machine/machine.ts'
import type { WorldProcess } from '../world/world-process.ts'
import { type AttachedMachineRollout, type MachineRollout, openMachineRollout } from './machine-rollout.ts'
import { openRecords, type MachineRecords } from './open-records.ts'
import { ROUTER_DEFAULTS, type RouterMachineInit } from './router-parts.ts'
import { createWorldCatalog } from './world-catalog.ts'

/** A machine that serves tasks, from its start to its end. */
export type RouterWork = MachineWork & {
  readonly router: Router
  readonly budgets: BudgetOwner
  readonly cache: SemanticCache | undefined
  readonly records: MachineRecords
  readonly actors: ActorSystem
  /** What is kept on the disk beside the journals. */
  readonly store: KeyValueStore
  /** `undefined`: it does not learn. */
  readonly learning: (MachineRollout & AttachedMachineRollout) | undefined
}

/** Folder of all that a machine keeps. */
const FOLDER = '/kernell'
/** Longest prompt of earlier steps; nothing is split in a world. */
const CONTEXT_TOKENS_MAX = 3_000

/**
 * Starts the product's own router on a process of a machine, over the machine's disk and the providers of the world. It may be killed at any moment and started again:
 * budgets, records and answers are then as the disk has them. Tasks are not split, since no model of a world makes plans.
 */
export async function bootRouter(owner: WorldProcess, machine: Machine, init: RouterMachineInit): Promise<RouterWork> {
  const opened = await openMachine(owner, machine, init)
  const { actors, budgets, cache, records, store, journals } = opened
  const models = createWorldCatalog({ ...init, owner })
  const peers = await openPeers(init, { owner, store, models })
  const catalog = peers === undefined ? models : withPeers(models, peers)
  const attemptTimeoutMs = init.attemptTimeoutMs ?? ROUTER_DEFAULTS.attemptTimeoutMs
  const { clock, timers, random } = owner
  const calling = { catalog, budgets, clock, timers, tracer: NO_OP_TRACER, attemptTimeoutMs }
  const { learning: setup } = init
  const policy = { ...ROUTER_DEFAULTS.policy, ...init.policy }
  const rollout =
    setup === undefined
      ? undefined
      : await openMachineRollout({ ...opened, owner, policy, setup, log: await journals.open('rollout') })
  const own = rollout?.served ?? createPolicyService(policy)
  const checkAnswer = createAnswerCheck(calling, {
    answerSuccess: answerSuccessOf(own),
    ...(init.judge !== undefined && { judgeModelId: init.judge }),
    peers,
  })
  const attached = rollout?.attach(calling, checkAnswer)
  const router = createRouter(
    {
      ...calling,
      actors,
      checkAnswer,
      cache,
      policy: own,
      peers,
      random,
      telemetry: records.pipeline,
      ...(attached !== undefined && { observe: attached.observe }),
    },
    { decompose: 'never', contextTokensMax: CONTEXT_TOKENS_MAX },
  )
  return {
    router: counted(router, init),
    budgets,
    cache,
    records,
    actors,
    store,
    learning: rollout === undefined || attached === undefined ? undefined : { ...rollout, ...attached },
    async stop() {
      await rollout?.stop()
      await actors.stop()
      await cache?.close()
      await records.stop()
      await budgets.stop()
      await store.close()
      await journals.close()
    },
  }
}

type PeerParts = {
  readonly owner: WorldProcess
  readonly store: KeyValueStore
  readonly models: ModelCatalog
}

async function openPeers(
  { peers, judge, onError }: RouterMachineInit,
  { owner, store, models }: PeerParts,
): Promise<PeerTier | undefined> {
  if (peers === undefined) return undefined
  const { clock, timers, random } = owner
  const report = onError ?? ((error: unknown): void => owner.fail(error))
  const book = await PeerBook.open({ store: store.sublevel('peers'), clock, onError: report })
  const findJudge = (): ModelEntry | undefined => (judge === undefined ? undefined : models.registry.find(judge))
  return new PeerTier({ market: peers.market, book, clock, timers, random, findJudge }, peers.init)
}

/** Policies of a rollout are told apart by their versions; one alone is itself. */
function answerSuccessOf(policy: ServedPolicy | PolicyService): NonNullable<CheckAnswerInit['answerSuccess']> {
  return (entry, answered) => policy.answerSuccess(entry, answered)
}

type OpenMachine = Pick<RouterWork, 'actors' | 'budgets' | 'cache' | 'records' | 'store'> & {
  readonly journals: DirectoryJournals
}

/** All that stands on the disk. */
async function openMachine(owner: WorldProcess, machine: Machine, init: RouterMachineInit): Promise<OpenMachine> {
  const { clock, timers, random } = owner
  const onError = init.onError ?? ((error: unknown): void => owner.fail(error))
  const journals = new DirectoryJournals({ fileSystem: machine.disk.fileSystem(owner), random }, FOLDER)
  const { compactAtBytes } = init
  const store = await openJournalledStore(await journals.open('values'), { compactAtBytes })
  const actors = createActorSystem({ environment: owner.environment() })
  const records = await openRecords({ ...init, store, timers, random, onError })
  const log: EventLog = await journals.open('budgets')
  const booked = createBudgetOwner(
    { actors, clock, timers, random, log },
    {
      limits: init.limits ?? [],
      ...(compactAtBytes !== undefined && { compactAtBytes }),
    },
  )
  const budgets = advanceBudgets({ owner: booked, clock, timers })
  await budgets.start()
  const cache = init.hasCache === false ? undefined : await openCache({ owner, actors, store, onError })
  return { actors, budgets, cache, records, store, journals }
}

type CacheParts = {
  readonly onError: (error: unknown) => void
  readonly owner: WorldProcess
  readonly actors: ActorSystem
  readonly store: KeyValueStore
}

async function openCache({ owner, actors, store, onError }: CacheParts): Promise<SemanticCache> {
  const kernel = createTypeScriptKernel()
  const { ttlMs, entriesMax, bytesMax } = ROUTER_DEFAULTS.cache
  return await openSemanticCache(
    {
      actors,
      store: store.sublevel('cache'),
      clock: owner.clock,
      timers: owner.timers,
      kernel,
      embedder: createHashedEmbedder({ kernel }),
      onError,
    },
    { ttlMs: ttlMs as DurationMs, entriesMax, bytesMax },
  )
}

/** Counts what the router was asked. */
function counted(router: Router, { stage }: RouterMachineInit): Router {
  const count = (): void => {
    stage.handled.router += 1
  }
  return {
    route: async (request: RouteRequest, options) => {
      count()
      return await router.route(request, options)
    },
    routeStream: async (request: RouteRequest, options) => {
      count()
      return await router.routeStream(request, options)
    },
    estimate: async (request, options) => await router.estimate(request, options),
  }
}

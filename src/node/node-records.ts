import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import { parseTenantId } from '../base/identifiers.ts'
import type { Derivation, DerivationInit } from '../learning/derivations/derivation.ts'
import type { DerivationLedger } from '../learning/derivations/derivation-ledger.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { SemanticCache } from '../router/semantic-cache.ts'
import type { FollowUpStore } from '../telemetry/follow-up-store.ts'
import type { TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import type { TelemetryPurge } from '../telemetry/telemetry-purge.ts'
import type { TelemetryFilter, TelemetryStore } from '../telemetry/telemetry-store.ts'
import { joinFollowUps } from '../telemetry/join-follow-ups.ts'
import { addFeedback, type FeedbackReceipt, type NewFeedback } from '../telemetry/add-feedback.ts'
import type { TenantDocuments } from './documents/tenant-documents.ts'
import type { PlanFiles } from './firewall/plan-files.ts'
import { purgeMemories, type NodeMemory } from './node-memory.ts'
import { purgePlans, type NodePlans } from './node-plans.ts'
import type { FeedbackEvent } from '../wire/feedback-event.ts'
import { formatTelemetryEvent, type TelemetryEvent } from '../wire/telemetry-event.ts'

export type {
  Derivation,
  DerivationInit,
  DerivationKind,
  DerivationSource,
} from '../learning/derivations/derivation.ts'
export type { FeedbackReceipt, Judgement, NewFeedback } from '../telemetry/add-feedback.ts'
export type { TelemetryPurge } from '../telemetry/telemetry-purge.ts'
export type { TelemetryFilter } from '../telemetry/telemetry-store.ts'

export type PurgeOptions = {
  /**
   * Also the cached answers: all of them, or those of the tenant; they carry no date to purge by, and their time to live does that. And the responses, files and
   * batches that callers left with the node.
   */
  readonly withAnswers?: boolean
  /**
   * Also what agents remember, the plans that they have not finished, and the files of plans: all of it, or that of the tenant. With `before`
   * nothing: memories fade by themselves, and the planner gives up plans that were not finished for a week.
   */
  readonly withMemories?: boolean
}

/** How much was deleted. */
export type Purged = {
  readonly records: number
  /** Feedback and shadow runs of the records that are gone, and of others where they are before the instant. */
  readonly followUps: number
  readonly answers: number
  /** Responses, files and batches that callers left with the node. */
  readonly documents: number
  readonly memories: number
  readonly plans: number
  /** Tasks of other agents that were ended, with what was asked and answered. */
  readonly agentTasks: number
  /**
   * What was made from records of that kind and is still there, as far as this node knows: exports, labelled sets, policies. It deletes none of
   * them. A file whose path contains the name of the purged tenant is named this once, since its path cannot be kept.
   */
  readonly derived: readonly Derivation[]
}

/** The records of finished tasks that this node keeps with the operator's consent. What still waits to be stored is stored first. */
export type NodeRecords = {
  /** Each with its feedback and shadow runs. Leaves out records that cannot be read. */
  list(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<TelemetryEvent>
  /** Records met since the start that could not be read. Any purge of a tenant, or of all, deletes them. */
  readonly unreadableCount: number
  /** Tasks met since the start whose feedback and shadow runs could not be read. Any purge deletes them. */
  readonly unreadableFollowUps: number
  /** The record of one task of a tenant, with its feedback and shadow runs; `undefined` where the tenant has none. */
  find(tenant: string, taskId: string): Promise<TelemetryEvent | undefined>
  count(): Promise<number>
  /** JSON lines, oldest first, each ending in a line break. Who keeps them calls `recordDerivation`. */
  exportLines(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<string>
  /**
   * Keeps what somebody said of an answer, or what became of it. Throws `FEEDBACK_NOT_KEPT` without the operator's consent,
   * `FEEDBACK_TASK_UNKNOWN` for a task or trace of which the tenant has no record, `REQUEST_INVALID` for values out of range, and
   * `STORE_OVERLOADED`, `STORE_WRITE_FAILED`.
   */
  addFeedback(feedback: NewFeedback): Promise<FeedbackReceipt>
  /**
   * Remembers that something was made from these records, so that a purge can name it. `false` when it was made from files of which none came
   * from here.
   */
  recordDerivation(derivation: Omit<DerivationInit, 'made_at'>): Promise<boolean>
  /** What was made from records of this node, the oldest first, deleted records included. */
  derivations(): Promise<readonly Derivation[]>
  /**
   * Deletes for good: when it resolves, the files of the data directory hold no byte of what was deleted. Budgets are books of money and
   * stay, with the names of tenants that have spent. Of a cache that is switched off, all answers can be deleted; those of a tenant throw
   * `REQUEST_INVALID`. Memories and plans that cannot be read throw as `KernellNode.openMemory` and `openPlans`.
   */
  purge(what: TelemetryPurge, options?: PurgeOptions): Promise<Purged>
}

const DELETED_AT_ONCE = 512

export type NodeRecordsComponents = {
  readonly hasConsent: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly store: TelemetryStore
  readonly followUps: FollowUpStore
  readonly derivations: DerivationLedger
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
  /** Told of feedback once it is kept. Must not throw. */
  readonly onFeedback?: (event: FeedbackEvent) => void
  /** `undefined` when the operator switched it off. */
  readonly cache: SemanticCache | undefined
  /** Where the cache keeps its answers, switched on or off. */
  readonly answerStore: KeyValueStore
  readonly documents: Pick<TenantDocuments, 'purge'>
  readonly memory: Pick<NodeMemory, 'open'>
  readonly plans: Pick<NodePlans, 'open'>
  readonly planFiles: Pick<PlanFiles, 'erase'>
  /** Tasks that other agents sent. */
  /** Tasks of other agents. */
  readonly agentTasks: { erase(what: TelemetryPurge): Promise<number> }
  /** Rewrites the files of the data directory's store and the journals that name tasks. */
  readonly compact: () => Promise<void>
}

export function createNodeRecords(components: NodeRecordsComponents): NodeRecords {
  const { store, followUps, derivations, pipeline, clock } = components
  const list = async function* (
    filter?: TelemetryFilter,
    options?: AbortOptions,
  ): AsyncGenerator<TelemetryEvent, void, undefined> {
    await pipeline.flush()
    yield* joinFollowUps(store.list(filter, options), followUps, options)
  }
  return {
    list,
    get unreadableCount() {
      return store.unreadableCount
    },
    get unreadableFollowUps() {
      return followUps.unreadableCount
    },
    async find(tenant, taskId) {
      const name = { tenant, kind: 'event', id: taskId } as const
      let event = await store.find(name)
      if (event === undefined) {
        // It may still wait to be stored.
        await pipeline.flush()
        event = await store.find(name)
      }
      if (event === undefined) return undefined
      for await (const joined of joinFollowUps(oneOf(event), followUps)) return joined
      return event
    },
    async count() {
      await pipeline.flush()
      return await store.count()
    },
    async *exportLines(filter, options) {
      for await (const event of list(filter, options)) yield `${formatTelemetryEvent(event)}\n`
    },
    addFeedback: async (feedback) => await addFeedback(components, feedback),
    recordDerivation: async (derivation) =>
      await derivations.record({ ...derivation, made_at: new Date(clock.now()).toISOString() }),
    derivations: async () => await derivations.list(),
    purge: async (what, options = {}) => await purge(components, what, options),
  }
}

async function* oneOf<Item>(item: Item): AsyncGenerator<Item, void, undefined> {
  yield await Promise.resolve(item)
}

async function purge(
  components: NodeRecordsComponents,
  what: TelemetryPurge,
  { withAnswers = false, withMemories = false }: PurgeOptions,
): Promise<Purged> {
  const { store, followUps, derivations, pipeline, cache, memory, plans: openPlans, planFiles } = components
  const { compact } = components
  if (withAnswers && cache === undefined && what.kind !== 'all') {
    const message =
      'The cache is switched off, so its answers cannot be told apart; delete all of them, or switch it on'
    throw new CodedError('REQUEST_INVALID', { message })
  }
  await pipeline.flush()
  const records = await store.purge(what)
  const followed = await followUps.purge(what, async (name) => (await store.find(name)) !== undefined)
  const agentTasks = await components.agentTasks.erase(what)
  const derived = await derivations.derivedFrom(what)
  const answers = withAnswers ? await purgeAnswers(components, what) : 0
  const documents = withAnswers ? await components.documents.purge(what) : 0
  await compact()
  // Last, so that a purge that failed names everything when it is tried again.
  if (what.kind === 'tenant' && (await derivations.forgetTenant(what.tenant))) await compact()
  const memories = withMemories ? await purgeMemories(memory, what) : 0
  const plans = withMemories ? await purgePlans(openPlans, what) : 0
  if (withMemories && what.kind !== 'before') await planFiles.erase(what.kind === 'all' ? undefined : what.tenant)
  return { records, followUps: followed, answers, documents, memories, plans, agentTasks, derived }
}

type Answers = Pick<NodeRecordsComponents, 'cache' | 'answerStore'>

async function purgeAnswers({ cache, answerStore }: Answers, what: TelemetryPurge): Promise<number> {
  if (cache === undefined) return await deleteAll(answerStore)
  if (what.kind === 'all') return await cache.invalidate({ kind: 'all' })
  const tenant: TenantId | undefined = what.kind === 'tenant' ? parseTenantId(what.tenant) : undefined
  return tenant === undefined ? 0 : await cache.invalidate({ kind: 'tenant', tenant })
}

async function deleteAll(store: KeyValueStore): Promise<number> {
  const keys: string[] = []
  for await (const { key } of store.iterate({}, { onDamaged: (damaged) => void keys.push(damaged) })) keys.push(key)
  for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
    const batch = keys.slice(from, from + DELETED_AT_ONCE)
    await store.batch(
      batch.map((key) => ({ type: 'delete', key })),
      { sync: true },
    )
  }
  return keys.length
}

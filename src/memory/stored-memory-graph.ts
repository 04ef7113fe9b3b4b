import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import type { TenantId } from '../base/identifiers.ts'
import type { MemoryEdgeKey } from '../core/memory/memory-node.ts'
import type { RetrievalOutcome } from '../core/memory/use-statistics.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { StartOptions } from '../ports/startable.ts'
import type { ScheduledTimer } from '../ports/timers.ts'
import { createHashedEmbedder } from './hashed-embedder.ts'
import { IssuedRecalls } from './issued-recalls.ts'
import type { MemoryGraphComponents, MemoryGraphConfig } from './memory-graph-init.ts'
import type {
  FeedbackOptions,
  Memory,
  MemoryFigures,
  MemoryGraph,
  NewLink,
  NewMemory,
  Recall,
  RecallQuery,
  TenantMemory,
  ThreadStep,
  ThreadView,
} from './memory-graph.ts'
import { MemoryOwner } from './memory-owner.ts'
import { graphChange, NotedUses, write } from './memory-parts.ts'
import { NodeVectors } from './node-vectors.ts'
import { StoredTenantMemory, type TenantMemoryParts } from './stored-tenant-memory.ts'
import { isEmptyTenant } from './tenant-state.ts'
import { ThreadKeeper } from './thread-keeper.ts'
import { VectorShelf } from './vector-shelf.ts'

/** The life of a memory: what is read at the start, what is done now and then, and what is written at the end. */
export class StoredMemoryGraph implements MemoryGraph {
  readonly #components: MemoryGraphComponents
  readonly #config: MemoryGraphConfig
  readonly #parts: TenantMemoryParts
  readonly #own: TenantMemory
  readonly #onError: (error: unknown) => void
  #sweepTimer: ScheduledTimer | undefined
  #background: Promise<void> = Promise.resolve()
  #stopping = new AbortController()
  #starting: Promise<void> | undefined

  constructor(components: MemoryGraphComponents, config: MemoryGraphConfig) {
    this.#components = components
    this.#config = config
    this.#onError = components.onError ?? ((): void => {})
    this.#parts = createParts(components, config, this.#onError)
    this.#own = this.forTenant(config.tenant)
  }

  async start({ signal }: StartOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    this.#starting ??= this.#open().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
    await this.#starting
    if (signal?.aborted !== true) return
    await this.stop()
    signal.throwIfAborted()
  }

  async stop(): Promise<void> {
    this.#sweepTimer?.cancel()
    this.#stopping.abort(new CodedError('MEMORY_NOT_OPEN', { message: 'The memory was stopped' }))
    await this.#background
    // Nobody waits for this; the journal may have failed long ago.
    if (this.#parts.owner.isOpen) await this.#writeUses().catch(this.#onError)
    await this.#parts.owner.close()
    await this.#parts.vectors.settled()
    this.#starting = undefined
  }

  forTenant(tenant: TenantId): TenantMemory {
    return new StoredTenantMemory(this.#parts, tenant)
  }

  tenants(): readonly TenantId[] {
    return this.#parts.owner.tenants()
  }

  async eraseTenant(tenant: TenantId): Promise<void> {
    const { owner, vectors, recalls, uses, clock } = this.#parts
    uses.take(tenant)
    const at = clock.now()
    if (!isEmptyTenant(owner.head(tenant))) {
      await owner.commit(tenant, [
        { machine: 'threads', event: { type: 'all-forgotten', at } },
        graphChange({ type: 'all-forgotten', at }),
      ])
    }
    recalls.drop(tenant)
    await vectors.dropAll(tenant)
    await owner.compact()
  }

  violations(): readonly string[] {
    return this.#parts.owner.violations()
  }

  async remember(memory: NewMemory, options?: AbortOptions): Promise<{ readonly id: string; readonly isNew: boolean }> {
    return await this.#own.remember(memory, options)
  }

  async link(link: NewLink): Promise<void> {
    await this.#own.link(link)
  }

  async unlink(link: MemoryEdgeKey): Promise<boolean> {
    return await this.#own.unlink(link)
  }

  async merge(into: string, from: string): Promise<void> {
    await this.#own.merge(into, from)
  }

  async recall(query: RecallQuery, options?: AbortOptions): Promise<Recall> {
    return await this.#own.recall(query, options)
  }

  async feedback(recallId: string, outcome: RetrievalOutcome, options?: FeedbackOptions): Promise<void> {
    await this.#own.feedback(recallId, outcome, options)
  }

  async forget(id: string): Promise<boolean> {
    return await this.#own.forget(id)
  }

  read(id: string): Memory | undefined {
    return this.#own.read(id)
  }

  inspect(): MemoryFigures {
    return this.#own.inspect()
  }

  async addStep(step: ThreadStep, options?: AbortOptions): Promise<ThreadView> {
    return await this.#own.addStep(step, options)
  }

  readThread(thread: string): ThreadView | undefined {
    return this.#own.readThread(thread)
  }

  async closeThread(thread: string, options?: AbortOptions): Promise<string | undefined> {
    return await this.#own.closeThread(thread, options)
  }

  async #open(): Promise<void> {
    const { owner, vectors } = this.#parts
    this.#stopping = new AbortController()
    await owner.open()
    await vectors.load(owner)
    this.#inBackground(async () => await vectors.embedMissing(owner, this.#stopping.signal))
    this.#scheduleSweep()
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#components.timers.schedule(this.#config.sweepMs, () => {
      if (!this.#parts.owner.isOpen) return
      this.#inBackground(async () => await this.#sweep())
      this.#scheduleSweep()
    })
  }

  async #sweep(): Promise<void> {
    const { owner, vectors, clock } = this.#parts
    await this.#writeUses()
    for (const tenant of owner.tenants())
      await owner.commit(tenant, [graphChange({ type: 'time-passed', at: clock.now() })])
    await vectors.embedMissing(owner, this.#stopping.signal)
  }

  async #writeUses(): Promise<void> {
    for (const tenant of this.#parts.uses.tenants()) await write(this.#parts, tenant, { changes: [] })
  }

  /** One thing at a time; what fails is told to `onError`, unless the memory is being stopped. */
  #inBackground(work: () => Promise<void>): void {
    this.#background = this.#background.then(work).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#onError(error)
    })
  }
}

function createParts(
  components: MemoryGraphComponents,
  config: MemoryGraphConfig,
  onError: (error: unknown) => void,
): TenantMemoryParts {
  const { log, clock, random, kernel, embedder = createHashedEmbedder(kernel), languageModel } = components
  const vectors = new NodeVectors(
    { shelf: new VectorShelf(embedder, components.vectors), kernel, clock, onError },
    { nodesMax: config.settings.nodesMax, similarityMin: config.similarityMin },
  )
  const owner = new MemoryOwner(
    { log, clock, onApplied: (tenant, effects) => vectors.onApplied(tenant, effects) },
    config,
  )
  const runId = hexOfBytes(random.bytes(8))
  const parts = {
    owner,
    vectors,
    uses: new NotedUses(),
    recalls: new IssuedRecalls(runId, config.recallsMax),
    ranking: config.ranking,
    clock,
  }
  const threads = new ThreadKeeper({ ...parts, languageModel, countTokens: config.countTokens, onError }, config.thread)
  return { ...parts, threads }
}

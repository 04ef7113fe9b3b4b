import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import type { MemorySettings } from '../core/memory/memory-state.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import { corruptedError, decodeRecord, decodeSnapshot, encodeRecord, encodeSnapshot } from './memory-record.ts'
import { emptyTenant, isEmptyTenant, stepTenant, tenantViolations } from './tenant-state.ts'
import type { TenantChange, TenantEffect, TenantState } from './tenant-state.ts'

export type MemoryOwnerComponents = {
  /** The journal of this memory alone. It outlives the owner; whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
  /** Told of each durable change, in the order of the journal, before whoever made it. Must not throw. */
  readonly onApplied: (tenant: TenantId, effects: readonly TenantEffect[]) => void
}

export type MemoryOwnerInit = {
  readonly settings: MemorySettings
  readonly tenantsMax: number
  /** Changes that may wait for the disk. */
  readonly pendingMax: number
  readonly compactAtBytes: number
}

/** What a group of changes came to: the effects of each, in order. A change that was refused left no trace. */
export type Committed = readonly (readonly TenantEffect[])[]

/** Bytes of changes that may wait for the disk, far below what a journal takes. */
const PENDING_BYTES_MAX = 16 * 1024 * 1024

/**
 * The one owner of all memories of a journal. A change goes through the machine at once and then to the journal; it is
 * published, and whoever made it hears of it, only when it is durable, in the order of the journal. The appends of parallel
 * callers share one sync. After a failed append nothing is taken any more; what was published can still be read.
 *
 * ```text
 * head       what the machine has seen: the next change builds on it
 * published  what is durable: everybody reads it
 * ```
 */
export class MemoryOwner {
  readonly #components: MemoryOwnerComponents
  readonly #init: MemoryOwnerInit
  #heads = new Map<TenantId, TenantState>()
  #published = new Map<TenantId, TenantState>()
  #isOpen = false
  #pendingCount = 0
  #pendingBytes = 0
  #snapshotBytes = 0
  #lastApplied: Promise<unknown> = Promise.resolve()
  #compaction: Promise<void> | undefined
  #failure: { readonly cause: unknown } | undefined

  constructor(components: MemoryOwnerComponents, init: MemoryOwnerInit) {
    this.#components = components
    this.#init = init
  }

  /** Replays the journal, and gives every tenant the settings of now. */
  async open(): Promise<void> {
    await this.#replay()
    this.#isOpen = true
    const at = this.#components.clock.now()
    const { settings } = this.#init
    const changed = [...this.#heads].filter(([, { graph }]) => !areEqualSettings(graph.settings, settings))
    await Promise.all(
      changed.map(
        async ([tenant]) =>
          await this.commit(tenant, [{ machine: 'graph', event: { type: 'settings-changed', settings, at } }]),
      ),
    )
  }

  /** Waits for what is under way; nothing is taken any more. */
  async close(): Promise<void> {
    this.#isOpen = false
    await this.#lastApplied
    await this.#compaction
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** What is durable of a tenant's memory; `undefined` when there is nothing. */
  published(tenant: TenantId): TenantState | undefined {
    return this.#published.get(tenant)
  }

  /** What the next change builds on. */
  head(tenant: TenantId): TenantState {
    return this.#heads.get(tenant) ?? emptyTenant()
  }

  tenants(): readonly TenantId[] {
    return [...this.#published.keys()].sort()
  }

  violations(): readonly string[] {
    return [...new Set([...this.#heads.values(), ...this.#published.values()].flatMap(tenantViolations))]
  }

  /**
   * One step of the shell, for changes that are durable together or not at all.
   *
   * @param onApplied  Called when they are durable, in the order of the journal; not called when all were refused.
   * @throws `MEMORY_NOT_OPEN`, `MEMORY_OVERLOADED`, `MEMORY_TENANTS_FULL`; the error of the first append that failed.
   */
  async commit(tenant: TenantId, changes: readonly TenantChange[], onApplied?: () => void): Promise<Committed> {
    this.#checkWritable()
    const { state, committed, payloads } = this.#step(tenant, changes)
    if (payloads.length === 0) return committed
    const sizeBytes = payloads.reduce((sum, payload) => sum + payload.byteLength, 0)
    this.#heads.set(tenant, state)
    this.#pendingCount += 1
    this.#pendingBytes += sizeBytes
    const before = this.#lastApplied
    const applied = this.#append(payloads).then(async () => {
      await before
      if (this.#failure !== undefined) throw this.#failure.cause
      this.#publish(tenant, state)
      this.#components.onApplied(tenant, committed.flat())
      onApplied?.()
    })
    this.#lastApplied = applied.catch(() => {})
    try {
      await applied
    } finally {
      this.#pendingCount -= 1
      this.#pendingBytes -= sizeBytes
    }
    this.#compactWhenLarge()
    return committed
  }

  /** Rewrites the journal as a snapshot of all memories, so that no file holds what was forgotten. */
  async compact(): Promise<void> {
    await this.#compaction
    this.#startCompaction()
    await this.#compaction
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  #checkWritable(): void {
    if (!this.#isOpen) throw new CodedError('MEMORY_NOT_OPEN', { message: 'The memory is not started' })
    if (this.#failure !== undefined) throw this.#failure.cause
    if (this.#pendingCount >= this.#init.pendingMax || this.#pendingBytes >= PENDING_BYTES_MAX) {
      throw new CodedError('MEMORY_OVERLOADED', { message: `${this.#pendingCount} changes wait for the journal` })
    }
  }

  #step(tenant: TenantId, changes: readonly TenantChange[]): Stepped {
    const known = this.#heads.get(tenant)
    const payloads: Uint8Array[] = []
    const committed: (readonly TenantEffect[])[] = []
    let state = known ?? emptyTenant()
    const run = (change: TenantChange): readonly TenantEffect[] => {
      const step = stepTenant(state, change)
      if (step.effects.some(({ type }) => type === 'event-refused')) return step.effects
      state = step.state
      payloads.push(encodeRecord(tenant, change, step.effects))
      return step.effects
    }
    if (known === undefined) {
      const at = this.#components.clock.now()
      run({ machine: 'graph', event: { type: 'settings-changed', settings: this.#init.settings, at } })
    }
    const before = payloads.length
    for (const change of changes) committed.push(run(change))
    if (payloads.length === before) return { state, committed, payloads: [] }
    if (known === undefined && this.#heads.size >= this.#init.tenantsMax) {
      throw new CodedError('MEMORY_TENANTS_FULL', {
        message: `${this.#heads.size} tenants have a memory`,
        details: { tenantsMax: this.#init.tenantsMax },
      })
    }
    return { state, committed, payloads }
  }

  async #append(payloads: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#components.log.append(payloads)
    } catch (error: unknown) {
      this.#failure ??= { cause: error }
      throw error
    }
  }

  #publish(tenant: TenantId, state: TenantState): void {
    this.#published.set(tenant, state)
    if (!isEmptyTenant(state)) return
    this.#published.delete(tenant)
    // A change that builds on the empty memory is on its way to the journal: it keeps the tenant.
    if (this.#heads.get(tenant) === state) this.#heads.delete(tenant)
  }

  async #replay(): Promise<void> {
    const { log } = this.#components
    this.#snapshotBytes = log.snapshot?.payload.byteLength ?? 0
    const tenants = log.snapshot === undefined ? new Map<TenantId, TenantState>() : decodeSnapshot(log.snapshot.payload)
    for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
      const { tenant, change, effect } = decodeRecord(payload, index)
      const step = stepTenant(tenants.get(tenant) ?? emptyTenant(), change)
      if (step.effects[0]?.type !== effect) throw corruptedError(`record ${index} does not follow from those before it`)
      tenants.set(tenant, step.state)
    }
    for (const [tenant, state] of tenants) if (isEmptyTenant(state)) tenants.delete(tenant)
    this.#heads = tenants
    this.#published = new Map(tenants)
  }

  /** The journal may grow as large as what it describes before it is rewritten: each byte is then rewritten once, on average. */
  #compactWhenLarge(): void {
    const { sizeBytes } = this.#components.log
    if (sizeBytes >= Math.max(this.#init.compactAtBytes, this.#snapshotBytes)) this.#startCompaction()
  }

  #startCompaction(): void {
    if (this.#compaction !== undefined || this.#failure !== undefined) return
    const { log } = this.#components
    // Heads hold what waits for the disk as well, and so does the journal's next index.
    const payload = encodeSnapshot(this.#heads)
    this.#compaction = log
      .compact({ nextIndex: log.nextIndex, payload })
      .then(() => {
        this.#snapshotBytes = payload.byteLength
      })
      .catch((error: unknown) => {
        this.#failure ??= { cause: error }
      })
      .finally(() => {
        this.#compaction = undefined
      })
  }
}

type Stepped = {
  readonly state: TenantState
  readonly committed: Committed
  readonly payloads: readonly Uint8Array[]
}

function areEqualSettings(one: MemorySettings, other: MemorySettings): boolean {
  return (
    one.nodesMax === other.nodesMax &&
    one.bytesMax === other.bytesMax &&
    one.textBytesMax === other.textBytesMax &&
    one.edgesPerNodeMax === other.edgesPerNodeMax &&
    one.halfLifeMs === other.halfLifeMs &&
    one.valueMin === other.valueMin
  )
}

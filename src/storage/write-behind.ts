import type { KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'
import type { ScheduledTimer, Timers } from '../ports/timers.ts'
import type { Startable } from '../ports/startable.ts'

/** A write accepted by `put` or `delete` is on stable storage at most this long after, plus the time of one sync. */
export const FLUSH_INTERVAL_MS_DEFAULT = 250
const PENDING_MAX_DEFAULT = 8192

export type WriteBehindComponents = { readonly store: KeyValueStore; readonly timers: Timers }

export type WriteBehindInit = {
  readonly flushIntervalMs?: number
  /** Writes held in memory at most; beyond it the oldest is dropped and counted. Default 8,192. */
  readonly pendingMax?: number
  /** Told about each failed flush; its writes stay pending and are tried again. */
  readonly onError?: (error: unknown) => void
}

/**
 * Batches writes that may be lost with the power for a stated time, for telemetry and caches. Reads through it see what
 * is pending. It is not for money.
 */
export class WriteBehind implements Startable {
  readonly #store: KeyValueStore
  readonly #timers: Timers
  readonly #onError: (error: unknown) => void
  readonly #pendingMax: number
  readonly flushIntervalMs: number
  #pending = new Map<string, Uint8Array | undefined>()
  #flushing = new Map<string, Uint8Array | undefined>()
  #timer: ScheduledTimer | undefined
  #flush: Promise<void> | undefined
  #isStopped = false
  droppedCount = 0

  constructor(components: WriteBehindComponents, init: WriteBehindInit = {}) {
    this.#store = components.store
    this.#timers = components.timers
    this.#onError = init.onError ?? ((): void => {})
    this.#pendingMax = init.pendingMax ?? PENDING_MAX_DEFAULT
    this.flushIntervalMs = init.flushIntervalMs ?? FLUSH_INTERVAL_MS_DEFAULT
  }

  get pendingCount(): number {
    return this.#pending.size + this.#flushing.size
  }

  async start(): Promise<void> {
    this.#isStopped = false
  }

  /** Never waits and never throws. The bytes must not be changed afterwards. */
  put(key: string, value: Uint8Array): void {
    this.#enqueue(key, value)
  }

  delete(key: string): void {
    this.#enqueue(key, undefined)
  }

  /** The pending value when there is one, else the store's. */
  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#pending.has(key)) return this.#pending.get(key)
    if (this.#flushing.has(key)) return this.#flushing.get(key)
    return await this.#store.get(key)
  }

  /** Resolves when everything accepted before the call is on stable storage; rejects with what the store threw. */
  async flush(): Promise<void> {
    await this.#flush?.catch(() => {})
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#pending.size === 0) return
    this.#flush ??= this.#writePending().finally(() => {
      this.#flush = undefined
    })
    await this.#flush
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.flush()
  }

  #enqueue(key: string, value: Uint8Array | undefined): void {
    this.#pending.delete(key)
    this.#pending.set(key, value)
    this.#dropExcess()
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    this.#timer = this.#timers.schedule(this.flushIntervalMs, () => {
      this.#timer = undefined
      this.flush().catch(this.#onError)
    })
  }

  async #writePending(): Promise<void> {
    this.#flushing = this.#pending
    this.#pending = new Map()
    const operations: KeyValueOperation[] = []
    for (const [key, value] of this.#flushing) {
      operations.push(value === undefined ? { type: 'delete', key } : { type: 'put', key, value })
    }
    try {
      await this.#store.batch(operations, { sync: true })
    } catch (error: unknown) {
      // What was written meanwhile is newer and wins.
      this.#pending = new Map([...this.#flushing, ...this.#pending])
      this.#dropExcess()
      this.#schedule()
      throw error
    } finally {
      this.#flushing = new Map()
    }
  }

  #dropExcess(): void {
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= this.#pendingMax) return
      this.#pending.delete(oldest)
      this.droppedCount += 1
    }
  }
}

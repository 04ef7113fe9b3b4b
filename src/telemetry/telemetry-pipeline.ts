import { CodedError } from '../base/errors.ts'
import { sha256HexOfBytes } from '../base/sha256.ts'
import { promptFeatureSet } from '../core/policy/prompt-feature-set.ts'
import type { TaskOutcome } from '../core/routing/task-outcome.ts'
import type { Startable } from '../ports/startable.ts'
import type { TelemetrySink } from '../ports/telemetry-sink.ts'
import type { ScheduledTimer, Timers } from '../ports/timers.ts'
import { telemetryEventOf } from '../wire/telemetry-event.ts'
import type { TelemetryContext, TelemetryEvent } from '../wire/telemetry-event.ts'
import type { RamBucket } from '../wire/telemetry-vocabulary.ts'
import type { PipelineMetrics } from './metrics-registry.ts'
import { createTaskHasher } from './task-hasher.ts'
import type { TaskHasher } from './task-hasher.ts'
import type { TelemetryStore } from './telemetry-store.ts'

/** A record is on stable storage at most this long after `record`, plus the time of writing its batch. */
export const TELEMETRY_FLUSH_INTERVAL_MS_DEFAULT = 250
const QUEUE_MAX_DEFAULT = 8192

/** Records encoded and written in one go; about 3 ms of the event loop. */
const BATCH_MAX = 192

export type TelemetryPipelineComponents = {
  /** Absent: nothing is kept, whatever the consent. */
  readonly store?: TelemetryStore
  /** Absent: nothing is counted. */
  readonly metrics?: PipelineMetrics
  readonly timers: Timers
  /** Salt of the hashes; see `openDataDirectory`. */
  readonly secret: Uint8Array
}

export type TelemetryPipelineInit = {
  /** Records are kept only when true. Counts without any text or identifier need no consent. */
  readonly hasConsent: boolean
  /** Task text is kept only when true, and only with consent. */
  readonly keepsText: boolean
  readonly hardwareTier: string
  readonly hasGpu: boolean
  readonly ramBucket: RamBucket
  readonly flushIntervalMs?: number
  /** Records that may wait; beyond it the oldest is dropped and counted. Default 8,192. */
  readonly queueMax?: number
  /** Told when a batch could not be stored. Its records are dropped and counted, unless the store was not reached: then they are tried again with the next flush. */
  readonly onError?: (error: unknown) => void
}

export interface TelemetryPipeline extends TelemetrySink, Startable {
  readonly flushIntervalMs: number
  /** Counts what waits, without storing it: what a scrape calls first. */
  countPending(): void
  /** Records that were stored. */
  readonly storedCount: number
  /** Records that wait. */
  readonly queuedCount: number
}

/**
 * The sink of a node. `record` puts the outcome into a ring and returns; hashing, encoding and counting happen in batches
 * behind it.
 */
export function createTelemetryPipeline(
  components: TelemetryPipelineComponents,
  init: TelemetryPipelineInit,
): TelemetryPipeline {
  return new BatchingPipeline(components, init)
}

class BatchingPipeline implements TelemetryPipeline {
  readonly flushIntervalMs: number
  readonly #store: TelemetryStore | undefined
  readonly #metrics: PipelineMetrics | undefined
  readonly #timers: Timers
  readonly #hasher: TaskHasher
  readonly #context: Omit<TelemetryContext, 'taskHash'>
  readonly #onError: (error: unknown) => void
  readonly #isActive: boolean
  /** Outcomes from `#head` on, `#size` of them, wrapping around. */
  readonly #ring: (TaskOutcome | undefined)[]
  #head = 0
  #size = 0
  /** How many of the oldest were counted already. */
  #countedSize = 0
  /** Records whose store was not reached. The others wait behind them. */
  #again: readonly TelemetryEvent[] | undefined
  #timer: ScheduledTimer | undefined
  #flush: Promise<void> | undefined
  #dropped = 0
  #stored = 0

  constructor(components: TelemetryPipelineComponents, init: TelemetryPipelineInit) {
    this.flushIntervalMs = init.flushIntervalMs ?? TELEMETRY_FLUSH_INTERVAL_MS_DEFAULT
    this.#store = init.hasConsent ? components.store : undefined
    this.#metrics = components.metrics
    this.#timers = components.timers
    this.#hasher = createTaskHasher(components.secret)
    this.#context = {
      instanceId: sha256HexOfBytes(components.secret).slice(0, 16),
      hardwareTier: init.hardwareTier,
      hasGpu: init.hasGpu,
      ramBucket: init.ramBucket,
      featureSet: promptFeatureSet(),
      keepsText: init.keepsText && init.hasConsent,
    }
    this.#onError = init.onError ?? ((): void => {})
    this.#isActive = this.#store !== undefined || this.#metrics !== undefined
    this.#ring = Array.from({ length: init.queueMax ?? QUEUE_MAX_DEFAULT }, () => undefined)
  }

  get droppedCount(): number {
    return this.#dropped
  }

  get storedCount(): number {
    return this.#stored
  }

  get queuedCount(): number {
    return this.#size + (this.#again?.length ?? 0)
  }

  record(outcome: TaskOutcome): void {
    if (!this.#isActive) return
    if (this.#size === this.#ring.length) {
      this.countPending()
      this.#take()
      this.#dropped += 1
      this.#metrics?.countDropped(1)
    }
    this.#ring[(this.#head + this.#size) % this.#ring.length] = outcome
    this.#size += 1
    this.#timer ??= this.#timers.schedule(this.flushIntervalMs, () => {
      this.#timer = undefined
      this.flush().catch(this.#onError)
    })
  }

  countPending(): void {
    if (this.#metrics === undefined) return
    for (; this.#countedSize < this.#size; this.#countedSize += 1) {
      const outcome = this.#ring[(this.#head + this.#countedSize) % this.#ring.length]
      if (outcome !== undefined) this.#metrics.countOutcome(outcome)
    }
  }

  async flush(): Promise<void> {
    await this.#flush?.catch(() => {})
    this.#flush ??= this.#writeAll().finally(() => {
      this.#flush = undefined
    })
    await this.#flush
  }

  async start(): Promise<void> {
    // Nothing to prepare: the timer starts with the first record.
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.flush()
  }

  async #writeAll(): Promise<void> {
    let failure: { readonly cause: unknown } | undefined
    let left = this.#size
    while (left > 0 || this.#again !== undefined) {
      const batch = this.#again ?? this.#takeBatch(Math.min(left, BATCH_MAX))
      if (this.#again === undefined) left -= BATCH_MAX
      this.#again = undefined
      try {
        await this.#store?.append(batch)
        this.#stored += batch.length
      } catch (error: unknown) {
        if (CodedError.is(error, 'STORE_UNREACHABLE')) {
          this.#again = batch
          throw error
        }
        failure ??= { cause: error }
        this.#dropped += batch.length
        this.#metrics?.countDropped(batch.length)
      }
    }
    if (failure !== undefined) throw failure.cause
  }

  /** The oldest records, encoded when they are kept; empty when they were only to be counted. */
  #takeBatch(count: number): readonly TelemetryEvent[] {
    this.countPending()
    const events: TelemetryEvent[] = []
    for (let taken = 0; taken < count; taken += 1) {
      const outcome = this.#take()
      if (outcome === undefined) break
      if (this.#store === undefined) continue
      events.push(telemetryEventOf(outcome, { ...this.#context, taskHash: this.#hasher(outcome.taskText) }))
    }
    return events
  }

  #take(): TaskOutcome | undefined {
    if (this.#size === 0) return undefined
    const outcome = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) % this.#ring.length
    this.#size -= 1
    this.#countedSize = Math.max(0, this.#countedSize - 1)
    return outcome
  }
}

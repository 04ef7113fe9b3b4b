import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { DurationMs } from '../../base/time.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { CacheCalibration } from '../../core/cache/cache-calibration.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { StoreListener } from '../../ports/store-changes.ts'
import type { Timers } from '../../ports/timers.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'

export type SemanticCacheComponents = {
  /** What is stored is written by the actor `answer-cache` of this system. */
  readonly actors: ActorSystem
  /** Keys of the cache alone: a sublevel. */
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly timers: Timers
  readonly kernel: Pick<VectorKernel, 'createVectorIndex' | 'dot'>
  readonly embedder: EmbeddingModel
  /** A faster SHA-256 of the host, equal to the portable one. Absent: the portable one. */
  readonly sha256Hex?: Sha256Hex
  /** Where others write to the store as well: tells of the keys that they changed. */
  readonly watch?: (listener: StoreListener) => () => void
  /** Told of failed writes in the background. */
  readonly onError?: (error: unknown) => void
}

export type SemanticCacheInit = {
  /** Answers older than this are not served. */
  readonly ttlMs: DurationMs
  /** Least recently used entries leave when there are more, 1 to 16,777,215, or when they take more bytes. */
  readonly entriesMax: number
  readonly bytesMax: number
  /** Absent: the similarity tier is off. */
  readonly calibration?: CacheCalibration
  /** Verifier confidence below which an answer is not kept, 0 to 1. Default 0.7. */
  readonly confidenceMin?: number
}

import { DEFAULT_TENANT } from '../base/identifiers.ts'
import type { TenantId } from '../base/identifiers.ts'
import { areMemorySettings, MEMORY_SETTINGS_DEFAULT } from '../core/memory/memory-state.ts'
import type { MemorySettings } from '../core/memory/memory-state.ts'
import { RANKING_WEIGHTS_DEFAULT } from '../core/memory/rank-memories.ts'
import type { RankingWeights } from '../core/memory/rank-memories.ts'
import type { CountTokens } from '../core/memory/rolling-summary.ts'
import { estimateTokens } from '../core/models/estimate-tokens.ts'
import type { Clock } from '../ports/clock.ts'
import type { EmbeddingModel } from '../ports/embedding-model.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'

/** What a memory takes from outside: its journal, time, chance and arithmetic; a journal serves one memory. Models may be absent. */
export type MemoryGraphComponents = {
  /** The journal of this memory alone. It outlives the memory; whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly kernel: Pick<VectorKernel, 'createTextHasher' | 'createVectorIndex' | 'dot'>
  /** Reads texts for likeness. Absent: hashed words and letters, offline. */
  readonly embedder?: EmbeddingModel
  /**
   * Keys of this memory alone, a sublevel: the vectors of an embedder that has to be waited for. Absent: they are made again
   * after every start. Without use for an embedder that answers at once.
   */
  readonly vectors?: KeyValueStore
  /** Writes the summaries of threads. Absent: they are extracted. */
  readonly languageModel?: LanguageModel
  /** Counts tokens for the budget of threads. Default: `estimateTokens`. */
  readonly countTokens?: CountTokens
  /** Told of what fails in the background, and of models that failed where the memory could do without. */
  readonly onError?: (error: unknown) => void
}

/** Bounds and habits of a memory, each with a default. What is out of range is a RangeError of `createMemoryGraph`. */
export type MemoryGraphInit = {
  /** Whose memory the graph's own methods are. Default: the tenant of a node without API keys. */
  readonly tenant?: TenantId
  /** Bounds of each tenant's memory; `MEMORY_SETTINGS_DEFAULT` for those not given. Tenants get them with the next start. */
  readonly settings?: Partial<MemorySettings>
  /** How results are ranked; `RANKING_WEIGHTS_DEFAULT` for parts not given. */
  readonly ranking?: Partial<RankingWeights>
  /** Cosine, 0 to 1, below which texts have nothing in common. Default 0.15. */
  readonly similarityMin?: number
  /** Tenants with a memory, 1 or more. Default 1,000. */
  readonly tenantsMax?: number
  /** Latest recalls, of all tenants together, that feedback can be given to; 1 or more. Default 1,024. */
  readonly recallsMax?: number
  /** Changes that may wait for the disk, 1 or more; more are refused with `MEMORY_OVERLOADED`. Default 1,000. */
  readonly pendingMax?: number
  /** Journal size from which it is rewritten as a snapshot, once it is also as large as the last one. Default 4 MiB. */
  readonly compactAtBytes?: number
  /** Milliseconds between sweeps, which drop what has faded and embed what is missing. Default 10 minutes. */
  readonly sweepMs?: number
  readonly thread?: {
    /** Most tokens of a thread as a prompt shows it, 1 to 16,000. Default 2,000. */
    readonly budgetTokens?: number
    /** Newest steps that stand in full while the budget allows, 0 to 64. Default 2. */
    readonly keepRecentSteps?: number
  }
}

/** `MemoryGraphInit` with every default in its place. */
export type MemoryGraphConfig = {
  readonly tenant: TenantId
  readonly settings: MemorySettings
  readonly ranking: RankingWeights
  readonly similarityMin: number
  readonly tenantsMax: number
  readonly recallsMax: number
  readonly pendingMax: number
  readonly compactAtBytes: number
  readonly sweepMs: number
  readonly thread: { readonly budgetTokens: number; readonly keepRecentSteps: number }
  readonly countTokens: CountTokens
}

/** Puts every default in its place. Throws `RangeError` for what is out of range. */
export function configOf({ countTokens }: MemoryGraphComponents, init: MemoryGraphInit): MemoryGraphConfig {
  const settings: MemorySettings = { ...MEMORY_SETTINGS_DEFAULT, ...init.settings }
  if (!areMemorySettings(settings)) throw new RangeError(`The settings are out of range: ${JSON.stringify(settings)}`)
  const ranking: RankingWeights = { ...RANKING_WEIGHTS_DEFAULT, ...init.ranking }
  if (!areWeights(ranking)) throw new RangeError(`The ranking is out of range: ${JSON.stringify(ranking)}`)
  const { similarityMin = 0.15 } = init
  if (!isBetween(similarityMin, 0, 1)) throw new RangeError(`similarityMin must be 0 to 1, not ${similarityMin}`)
  return {
    tenant: init.tenant ?? DEFAULT_TENANT,
    settings,
    ranking,
    similarityMin,
    tenantsMax: whole('tenantsMax', init.tenantsMax ?? 1_000),
    recallsMax: whole('recallsMax', init.recallsMax ?? 1_024),
    pendingMax: whole('pendingMax', init.pendingMax ?? 1_000),
    compactAtBytes: whole('compactAtBytes', init.compactAtBytes ?? 4 * 1024 * 1024),
    sweepMs: whole('sweepMs', init.sweepMs ?? 600_000),
    thread: {
      budgetTokens: whole('thread.budgetTokens', init.thread?.budgetTokens ?? 2_000, 16_000),
      keepRecentSteps: whole('thread.keepRecentSteps', (init.thread?.keepRecentSteps ?? 2) + 1, 65) - 1,
    },
    countTokens: countTokens ?? estimateTokens,
  }
}

function areWeights({ spread, successShare, recencyShare }: RankingWeights): boolean {
  const { depthMax, fanOutMax, frontierMax, startsMax, activationMin } = spread
  return (
    isBetween(successShare, 0, 1) &&
    isBetween(recencyShare, 0, 1) &&
    successShare + recencyShare <= 1 &&
    isBetween(depthMax, 0, 8) &&
    isBetween(fanOutMax, 1, 256) &&
    isBetween(frontierMax, 1, 1_024) &&
    isBetween(startsMax, 1, 1_024) &&
    activationMin > 0 &&
    activationMin <= 1
  )
}

function whole(name: string, value: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > max)
    throw new RangeError(`${name} is out of range: ${value}`)
  return value
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}

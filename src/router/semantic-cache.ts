/**
 * The semantic cache as the router sees it. An exact tier comes first (the same request, byte for byte); then, where a calibration is
 * loaded and the request allows it, a similarity tier that accepts a stored answer for another wording. It is not a response store: only
 * answers that were verified and accepted enter, and nothing crosses from one tenant or partition to another.
 */
import type { TenantId } from '../base/identifiers.ts'
import type { Timestamp } from '../base/time.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { ModelAnswer, ModelRequest } from '../ports/language-model.ts'

/** What the caller allows. `no-store`: read, but not written. `no-read`: not read, but written. `refresh`: not read, replaces what is stored. `off`: neither read nor written. */
export type CacheMode = 'default' | 'no-store' | 'no-read' | 'refresh' | 'off'

export type CacheQuery = {
  readonly tenant: TenantId
  /** What was asked to answer: `kernell`, `kernell-cheap`, ..., or the name of one model. Answers of one class never serve another. */
  readonly modelClass: string
  readonly request: ModelRequest
  readonly mode: CacheMode
  /** True when the request may be shown to nobody: then it is not embedded by a model that may run elsewhere. Absent: false. */
  readonly isConfined?: boolean
  /** Further conditions that an answer depends on (allowed tiers, quality bound, `local-only`): part of the key. Absent: none. */
  readonly conditions?: string
}

/** A stored answer. */
export type CachedAnswer = {
  /** 32 lower-case hexadecimal digits; names the entry for invalidation. */
  readonly entryId: string
  readonly answer: ModelAnswer
  /** The model that made it, and who served that model. */
  readonly modelId: string
  readonly provider: string
  /** Confidence of the verifier when it was accepted, 0 to 1. */
  readonly confidence: number
  readonly storedAt: Timestamp
}

/**
 * What a lookup learned about the request, to be handed to `admit` so that nothing is hashed or embedded twice. Opaque to the caller.
 * `undefined` where the request may not be stored.
 */
export type CacheTicket = { readonly entryId: string }

export type CacheMissReason =
  | 'no-entry'
  /** The mode forbids reading. */
  | 'not-read'
  /** The request may be served by the exact tier only, and that tier has nothing. `detail` says why. */
  | 'exact-only'
  /** The similarity tier found candidates and none was certain enough. */
  | 'not-certain'

export type CacheOutcome =
  | {
      readonly kind: 'hit'
      readonly tier: 'exact'
      readonly entry: CachedAnswer
      readonly ticket: CacheTicket | undefined
    }
  | {
      readonly kind: 'hit'
      readonly tier: 'similar'
      readonly entry: CachedAnswer
      /** Acceptance score, 0 to 1, at or above the calibrated threshold. */
      readonly score: number
      readonly ticket: CacheTicket | undefined
    }
  | {
      readonly kind: 'miss'
      readonly reason: CacheMissReason
      readonly detail?: string
      readonly ticket: CacheTicket | undefined
    }

export type CacheAdmission = {
  readonly answer: ModelAnswer
  readonly modelId: string
  readonly provider: string
  /** The verifier's verdict. Only `true` enters. */
  readonly isAccepted: boolean
  /** Its confidence, 0 to 1; below the cache's minimum the answer stays out. */
  readonly confidence: number
}

/** Why an answer stayed out, or that it is stored. */
export type AdmissionOutcome =
  | 'stored'
  | 'not-accepted'
  | 'not-confident'
  | 'not-storable'
  | 'too-large'
  | 'answer-incomplete'

export type CacheInvalidation =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly tenant: TenantId }
  | { readonly kind: 'entry'; readonly entryId: string }
  /** Every entry of one tenant that was asked of one model class. */
  | { readonly kind: 'model-class'; readonly tenant: TenantId; readonly modelClass: string }

export type CacheStatistics = {
  readonly entries: number
  /** Bytes of keys, texts, vectors and answers held in memory, counted, not measured. */
  readonly sizeBytes: number
  readonly exactHits: number
  readonly similarHits: number
  readonly misses: number
  readonly stored: number
  readonly evicted: number
  readonly expired: number
  /** Stored entries that could not be read at load and were left out. */
  readonly corrupted: number
  /** Whether a calibration is loaded; without one the similarity tier is off. */
  readonly isSimilarityOn: boolean
}

/**
 * Verified answers of this node that may serve again: for the same request byte for byte, and, where a calibration is loaded and the
 * request allows it, for another wording of it. Nothing crosses from one tenant or model class to another.
 */
export interface SemanticCache {
  /**
   * Looks for an answer. Answers at once where the embedder does; a promise only for an embedder that has to ask a model.
   * A failing embedder is a miss (`exact-only`), never an error.
   */
  lookup(query: CacheQuery, options?: AbortOptions): CacheOutcome | Promise<CacheOutcome>
  /** Stores a verified answer for the request of a lookup. At once in memory, on disk within the flush interval. */
  admit(ticket: CacheTicket | undefined, admission: CacheAdmission): AdmissionOutcome
  /** Removes entries, in memory and on disk, and says how many. Resolves when the deletion is on disk. */
  invalidate(what: CacheInvalidation): Promise<number>
  statistics(): CacheStatistics
  /** Writes what is pending. Resolves when the store has it. */
  flush(): Promise<void>
  /** Flushes and stops the background writer. Idempotent. */
  close(): Promise<void>
}

import type { Sha256Hex } from '../../base/sha256.ts'
import type { DurationMs } from '../../base/time.ts'
import type { BooksLimits } from '../../core/books/books-state.ts'
import type { EscrowRules } from '../../core/escrow/escrow-rules.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { ParameterSet } from '../../core/governance/parameter-set.ts'
import type { DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { HighWater } from '../../core/notary/high-water.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { FormerSet } from '../../core/notary/set-lineage.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { BatchSigner } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { BatchVerifier } from '../../ports/verifier.ts'
import type { JournalFolder } from '../ledger/journal-folder.ts'
import type { CheckpointCadence } from './books/checkpoint-keeper.ts'
import type { HighWaterFile } from './high-water.ts'
import type { SegmentCadence } from './books/segment-keeper.ts'
import type { SetMembers, SetTiming } from './set/set-order-components.ts'

/** SHA-256 in both forms, equal to those of `src/base/sha256.ts`; `PORTABLE_HASHES` are these. */
export type NotaryHashes = {
  readonly ofBytes: Sha256
  readonly hexOfText: Sha256Hex
}

/** What one member of a notary set works with. Journal, high-water mark and key are its own, and no other member's. */
export type NotaryServiceComponents = {
  /** The books' journal, of this member alone; whoever opened it closes it. */
  readonly log: EventLog
  /** Where closed segments of the journal are kept; absent: none is closed, and a start reads all of it. */
  readonly folder?: JournalFolder | undefined
  readonly highWater: Pick<HighWaterFile, 'write'> & { readonly value: HighWater | undefined }
  /** With the key of this member. */
  readonly signer: BatchSigner
  readonly verifier: BatchVerifier
  readonly hashes: NotaryHashes
  readonly clock: Clock
  readonly timers: Timers
  /** In a set of several, and only there. */
  readonly members?: SetMembers
  /** The notary signs nothing any more: its disk failed, or a copy of it runs elsewhere. */
  readonly onFailure: (cause: unknown) => void
}

/**
 * What a member of a notary set is told of its set and its place in it, and its limits. `NotaryService` throws `RangeError` where `me` is no index of the
 * set.
 */
export type NotaryServiceInit = {
  readonly set: NotarySet
  /** Sets that kept this log before, the oldest first: the books go on where the last one ended. */
  readonly before?: readonly FormerSet[]
  /** Index of this member. */
  readonly me: number
  /** Owner of the account that fees go to. */
  readonly feeOwner: Did
  /** Name of the network that envelopes are of. */
  readonly network: string
  /** How far clocks may differ: for `iat` and `exp` of envelopes, and nothing else. */
  readonly clockSkewMs: DurationMs
  /** Rules that new contracts may pin, by their hash. A notary alone publishes those that its books do not know and retires the others; a set of several only publishes. */
  readonly parameters: readonly { readonly hash: Hash; readonly rules: EscrowRules }[]
  /**
   * Issuers whose credits are listed: what is paid in them has room of its own, so that credits that anybody makes for himself never fill it. A notary alone strikes off
   * the others; a set of several only lists, whom a quorum of its members names.
   */
  readonly issuers?: readonly Did[]
  /** The parameter set that governance begins with, where the books have none yet; absent: this member does not let it begin. */
  readonly founding?: ParameterSet
  readonly limits?: BooksLimits
  /** Left by a restore: the epoch of the set at the time of the backup. */
  readonly restored?: { readonly epoch: number } | undefined
  /** In a set of several: a member that was restored has caught up, and its journals say so. */
  readonly onCaughtUp?: () => Promise<void>
  /** In a set of several: another member has signed two votes for one place. Told once for each member, for as long as the notary runs. */
  readonly onDoubleVote?: ((proof: DoubleVoteProof) => void) | undefined
  /** In a set of several: `SET_TIMING` where it is absent. */
  readonly timing?: SetTiming
  /** When how far the journal goes is signed; `CHECKPOINT_CADENCE` where it is absent. */
  readonly checkpoints?: CheckpointCadence | undefined
  /** When a segment of the journal is closed; `SEGMENT_CADENCE` where it is absent. */
  readonly segments?: SegmentCadence | undefined
  /** Envelopes that wait at most. */
  readonly waitingMax?: number
}

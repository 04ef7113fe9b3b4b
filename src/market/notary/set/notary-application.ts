import type { Timestamp } from '../../../base/time.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { Entry } from '../../../core/notary/block.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { Execution } from '../../../core/notary/notary-event.ts'

/** Messages that blocks name, which this member does not judge by what it would let in itself. */
export type NamedMessages = {
  /** Certified by a quorum. */
  readonly decided: ReadonlySet<Hash>
  /** Of a block that is decided, or that this member is to run: whether a message came in time is judged by the block's stamp, as everywhere, and not by a clock. */
  readonly inBlocks: ReadonlySet<Hash>
}

/** A message with its canonical text, at most `NOTARY_BODY_CHARACTERS_MAX` characters. */
export type NotaryMessage = Entry & { readonly body: string }

/** The application's state behind a block, as `src/core/notary/state-commitment.ts` commits to it. */
export type StateCopy = {
  /** The block; absent: the checkpoint that was asked for. */
  readonly decision?: Decision
  /** `state` of the block before. */
  readonly before: Hash
  /** What `root` of the application's state is, at a checkpoint. */
  readonly root: Hash | undefined
  /** The whole state, or what leads to it from the slot that was asked for: something that `install` can check. */
  readonly text: string
}

/** `checkpoint`: the newest one that is kept by the replica, 0 for none. `fromSlot`: the first slot that whoever asks does not have. */
export type CopyAsked = { readonly checkpoint: number; readonly fromSlot: number }

/** What orders are given for: the books. Nothing here waits, but for what says so. */
export type NotaryApplication = {
  /** Of the last block that was applied; 0 before the first. */
  readonly slot: number
  /** What the certified block of that slot commits to; at the start, what the set agreed to begin on. */
  readonly state: Hash
  /**
   * Reads and authenticates messages of other members; `undefined` for one that is none. A member that lags gets what has expired since: `named` says what it is to take.
   */
  admit(bodies: readonly string[], named: NamedMessages): Promise<readonly (Entry | undefined)[]>
  /**
   * Whether ordering a message again would change nothing. One that changed nothing may change something later, when it is sent again. Absent: whatever was seen here
   * is not ordered again on the word of other members.
   */
  isDone?(message: Hash): boolean
  /** Runs messages on top of what was applied, without keeping anything. Asked only for the slot behind `slot`. */
  execute(block: {
    readonly slot: number
    readonly at: Timestamp
    readonly messages: readonly NotaryMessage[]
  }): Execution
  /** Keeps the certified block of the slot behind `slot`. Throws `AssertionError` when it comes to something else here. */
  apply(decision: Decision, messages: readonly NotaryMessage[]): void
  /** Resolves when all that was applied is on stable storage: the replica forgets it then. */
  durable(): Promise<void>
  /** A copy for a member that lags; `undefined` where none can be given. */
  copyOf(asked: CopyAsked): StateCopy | undefined | Promise<StateCopy | undefined>
  /**
   * Takes over the state behind a certified block when `text` comes to it. @returns Whether it did, when it is on stable storage: a crash on the way leaves a state
   * behind a certified block.
   */
  install(copy: {
    readonly decision: Decision
    readonly root: Hash | undefined
    readonly text: string
  }): Promise<boolean>
}

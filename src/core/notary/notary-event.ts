import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import type { Block, Entry, EntryResult } from './block.ts'
import type { Decision } from './certificate.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import type { EpochSuccessor } from './notary-set.ts'
import type { VotePosition } from './position.ts'
import type { MemberSignature, Vote, VoteQuorum, VoteStatement } from './statement.ts'
import type { Change, ChangeStatement } from './view-change.ts'

/** What a leader sends. Its own prepare vote for the block is the signature of it. */
export type Proposal = {
  readonly view: number
  readonly block: Block
  /** The `2f + 1` changes that open the view; empty in view 0. */
  readonly changes: readonly Change[]
  readonly signature: MemberSignature
}

/** Answers of the application to an `execute` effect, and the state behind. */
export type Execution = { readonly results: readonly EntryResult[]; readonly state: Hash }

/** `now`: the clock of this replica. What comes from peers was authenticated, with every signature inside, before it becomes an event. */
export type NotaryEvent =
  | { readonly type: 'entries-submitted'; readonly now: Timestamp; readonly entries: readonly Entry[] }
  | { readonly type: 'proposal-received'; readonly now: Timestamp; readonly proposal: Proposal }
  /** Also the votes that this replica cast, once they are signed. */
  | { readonly type: 'vote-received'; readonly now: Timestamp; readonly vote: Vote }
  /** Also the changes of this replica itself, once they are signed. */
  | { readonly type: 'change-received'; readonly now: Timestamp; readonly change: Change }
  | { readonly type: 'decision-received'; readonly now: Timestamp; readonly decision: Decision }
  /** A copy of the application's state behind a certified block was checked and taken over. */
  | { readonly type: 'state-installed'; readonly now: Timestamp; readonly decision: Decision }
  | ({ readonly type: 'block-executed'; readonly now: Timestamp; readonly ticket: number } & Execution)
  | { readonly type: 'progress-asked'; readonly now: Timestamp; readonly from: number; readonly slot: number }
  | { readonly type: 'timer-fired'; readonly now: Timestamp; readonly name: NotaryTimer }
  /** Start: what was signed before as the high-water file and the peers know it (`decideSigning`). */
  | { readonly type: 'floor-raised'; readonly now: Timestamp; readonly floor: VotePosition }
  /** The operator ends the epoch here. */
  | ({ readonly type: 'epoch-ended'; readonly now: Timestamp } & EpochSuccessor)

export type NotaryTimer = 'progress' | 'resend'

export type NotaryEffect =
  /** Run the entries on top of the last applied block, without making anything final, and answer `block-executed`. */
  | {
      readonly type: 'execute'
      readonly ticket: number
      readonly slot: number
      readonly at: Timestamp
      readonly entries: readonly Entry[]
    }
  /** Make a block part of the application's state, and hand out its certificates. */
  | { readonly type: 'apply-block'; readonly decision: Decision }
  /** Sync the high-water file, sign, feed the vote back, send it to every member: as a proposal where one is given. */
  | {
      readonly type: 'cast-vote'
      readonly statement: VoteStatement
      readonly proposal: Omit<Proposal, 'signature'> | undefined
    }
  | { readonly type: 'cast-change'; readonly statement: ChangeStatement }
  /** Sign that the epoch ends at this slot, and tell every member. A later end takes the place of one before. */
  | ({
      readonly type: 'cast-epoch-end'
      readonly slot: number
      readonly block: Hash
      readonly at: Timestamp
    } & EpochSuccessor)
  /** Send again to every member what may have been lost. */
  | {
      readonly type: 'send-again'
      readonly proposal: Proposal | undefined
      readonly votes: readonly Vote[]
      readonly change: Change | undefined
    }
  | { readonly type: 'forward-entries'; readonly to: number; readonly entries: readonly Entry[] }
  /** Ask a member (every member when `undefined`) for the decisions from `slot` on. */
  | { readonly type: 'ask-progress'; readonly to: number | undefined; readonly slot: number }
  /** Send decisions `from..to` of the store to a member; where they are truncated, the newest checkpoint. */
  | { readonly type: 'send-decisions'; readonly to: number; readonly fromSlot: number; readonly toSlot: number }
  /** Keep a copy of the application's state, then drop decisions before `truncateBefore`. */
  | { readonly type: 'take-checkpoint'; readonly quorum: VoteQuorum; readonly truncateBefore: number }
  | { readonly type: 'start-timer'; readonly name: NotaryTimer; readonly firesAt: Timestamp }
  | { readonly type: 'cancel-timer'; readonly name: NotaryTimer }
  | { readonly type: 'event-refused'; readonly code: NotaryRefusalCode; readonly reason?: string }

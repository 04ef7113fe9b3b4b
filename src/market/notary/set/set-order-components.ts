import type { Sha256Hex } from '../../../base/sha256.ts'
import type { DurationMs } from '../../../base/time.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { HighWater } from '../../../core/notary/high-water.ts'
import type { DoubleVoteProof } from '../../../core/notary/double-vote.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { BatchSigner } from '../../../ports/signer.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { Transport } from '../../../ports/transport.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import type { BodyAdmissionInit } from './body-admission.ts'
import type { HighWaterFile } from '../high-water.ts'
import type { NotaryArchive } from '../books/notary-archive.ts'
import type { BooksJournal } from '../books/books-journal.ts'

/** What a member of a set of several has besides its books. Whoever opened a log closes it. */
export type SetMembers = {
  /** With the key of this member. */
  readonly transport: Transport
  /** The replica's journal. */
  readonly replica: EventLog
  /** The decided blocks with their quorums. */
  readonly decisions: EventLog
  readonly verify: VerifyStatement
  /** 32 hexadecimal digits, drawn by this process. */
  readonly instance: string
}

export type SetTiming = {
  /** How far a block's stamp may be from the clock of a member. */
  readonly epsilonMs: DurationMs
  /** How long a view has for a slot before it is left. */
  readonly timeoutMs: DurationMs
  /** After what time unanswered messages are sent again. */
  readonly resendMs: DurationMs
  /** How long the word of another member counts that no copy of this one runs. */
  readonly leaseMs: DurationMs
}

export const SET_TIMING: SetTiming = {
  epsilonMs: 10_000 as DurationMs,
  timeoutMs: 2_000 as DurationMs,
  resendMs: 500 as DurationMs,
  leaseMs: 4_000 as DurationMs,
}

export type SetOrderComponents = {
  readonly set: NotarySet
  readonly me: number
  readonly members: SetMembers
  readonly timing: SetTiming
  readonly restored: { readonly epoch: number } | undefined
  /** A member that was restored has caught up. */
  readonly onCaughtUp: (() => Promise<void>) | undefined
  readonly signer: BatchSigner
  readonly journal: BooksJournal
  readonly archive: NotaryArchive
  readonly highWater: Pick<HighWaterFile, 'write'> & { readonly value: HighWater | undefined }
  readonly admission: BodyAdmissionInit
  readonly nonces: Pick<NonceGuard, 'look'>
  readonly clock: Clock
  readonly timers: Timers
  readonly hash: Sha256Hex
  /** A block is durable and answered. */
  readonly onBlock: (contracts: ReadonlySet<ContractId>) => void
  readonly onDoubleVote: ((proof: DoubleVoteProof) => void) | undefined
  readonly onFailure: (cause: unknown) => void
}

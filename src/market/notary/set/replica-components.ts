import type { Sha256Hex } from '../../../base/sha256.ts'
import type { Certificate } from '../../../core/notary/certificate.ts'
import type { DoubleVoteProof } from '../../../core/notary/double-vote.ts'
import type { EpochChange } from '../../../core/notary/epoch-change.ts'
import type { HighWater } from '../../../core/notary/high-water.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import type { HighWaterFile } from '../high-water.ts'
import type { NotaryApplication } from './notary-application.ts'

export type NotaryReplicaComponents = {
  /** The journal of this replica alone, and of this epoch; whoever opened it closes it. */
  readonly log: EventLog
  readonly highWater: Pick<HighWaterFile, 'write'>
  readonly application: NotaryApplication
  /** Ed25519 with the key of this member: 64 bytes, base64url without padding. */
  readonly sign: (bytes: Uint8Array) => Promise<string>
  readonly verify: VerifyStatement
  readonly digest: Sha256Hex
  readonly clock: Clock
  readonly timers: Timers
  /** Hands a frame to the network, which may lose it. */
  readonly send: (to: number, frame: NotaryFrame) => void
  /** What the set decided, in order, with what clients accept. After a restart the last ones may come again. */
  readonly onCertificates: (certificates: readonly Certificate[]) => void
  /** `2f + 1` members have ended the epoch at one slot. May come more than once. */
  readonly onEpochChange: (change: EpochChange) => void
  /** A member has signed two votes for one place: whoever has the set convicts it by this proof. May come more than once. */
  readonly onDoubleVote?: ((proof: DoubleVoteProof) => void) | undefined
  /**
   * The replica can go on no longer: its disk or its high-water file failed, it may not sign (`NOTARY_STATE_BEHIND`, `NOTARY_RESTORED`), or a copy of it
   * runs elsewhere (`NOTARY_CLONE_SEEN`, `NOTARY_INSTANCE_OTHER`).
   */
  readonly onFailure: (cause: unknown) => void
}

export type ReplicaStart = {
  /** 32 hexadecimal digits, drawn by this process. */
  readonly instance: string
  /** How long a grant of another member to sign with this key counts, milliseconds. */
  readonly leaseMs: number
  /** What the high-water file says; `undefined` where there is none. */
  readonly highWater: HighWater | undefined
  /** Whether the directory is marked as restored from a backup. */
  readonly isRestored: boolean
}

/**
 * `asking`: other members are asked what was signed. `behind`: catching up (`NOTARY_STATE_BEHIND`), nothing is signed. `taking-part`: it signs.
 * `stopped`: not started, stopped, or failed.
 */
export type ReplicaStanding = 'asking' | 'behind' | 'taking-part' | 'stopped'

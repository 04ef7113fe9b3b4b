import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { ContractAuthority } from './contract-authority.ts'
import type { EscrowTimerName } from './escrow-timers.ts'

/** Which movement of money an answer is about. */
export const ESCROW_MONEY = ['hold', 'release', 'dispute-bond', 'capture', 'refund'] as const
export type EscrowMoney = (typeof ESCROW_MONEY)[number]

/** Terms are proposed, by either party. */
export type OfferedEvent = Evidence & {
  readonly type: 'offered'
  /** End of the offer by its own envelope. */
  readonly expiresAt: Timestamp
}

/** A signed message about a contract, its signatures checked. Each names the message that it comes from. */
export type EscrowMessageEvent =
  | OfferedEvent
  | (Evidence & { readonly type: 'withdrawn' })
  | (Evidence & { readonly type: 'awarded' })
  /** The terms with signatures of `signers`; whoever has both sends it. `authority`: absent where the payer acts for itself. */
  | (Evidence & {
      readonly type: 'contract-signed'
      readonly signers: readonly Did[]
      readonly authority?: ContractAuthority | undefined
    })
  | (Evidence & { readonly type: 'hold-requested' })
  | (Evidence & { readonly type: 'started' })
  /** A voucher with signatures of `signers`; `amountNanos` is cumulative. */
  | (Evidence & {
      readonly type: 'voucher-signed'
      readonly number: number
      readonly amountNanos: Amount
      readonly meter: Hash
      readonly signers: readonly Did[]
    })
  | (Evidence & { readonly type: 'beat-sent'; readonly meter: Hash })
  | (Evidence & {
      readonly type: 'delivered'
      readonly result: Hash
      readonly manifest: Hash
      readonly meter: Hash
      readonly verdict: Hash
      readonly claimNanos: Amount
    })
  | (Evidence & { readonly type: 'accepted'; readonly amountNanos: Amount })
  | (Evidence & {
      readonly type: 'rejected'
      readonly reason: string
      readonly evidence: Hash
      readonly concededNanos: Amount
    })
  /** The worker's answer to a rejection: what it insists on. */
  | (Evidence & { readonly type: 'disputed'; readonly evidence: Hash; readonly claimNanos: Amount })
  | (Evidence & { readonly type: 'evidence-added'; readonly hash: Hash })
  /** Signatures of `signers` over (contract, evidence root, worker's part). */
  | (Evidence & {
      readonly type: 'ruled'
      readonly evidenceRoot: Hash
      readonly workerNanos: Amount
      readonly signers: readonly Did[]
    })
  /** `signers` agree to end at `amountNanos`; the payer alone may after missed beats, at the last voucher. */
  | (Evidence & { readonly type: 'cancelled'; readonly amountNanos: Amount; readonly signers: readonly Did[] })
  | (Evidence & { readonly type: 'settle-requested' })
  | (Evidence & { readonly type: 'refund-requested'; readonly amountNanos: Amount })
  /** Two messages of `culprit` about this contract with the place `culpritSeq` and different hashes. Anybody may bring it. */
  | (Evidence & {
      readonly type: 'equivocation-proved'
      readonly culprit: Did
      readonly culpritSeq: number
      readonly first: Hash
      readonly second: Hash
    })

/** The ledger's answer to one `post-transfers`: all of it was applied, now or before, or none of it. */
export type TransfersAnsweredEvent = {
  readonly type: 'transfers-answered'
  readonly money: EscrowMoney
  readonly attempt: number
  readonly isApplied: boolean
  readonly at: Timestamp
}

export type TimerFiredEvent = { readonly type: 'timer-fired'; readonly name: EscrowTimerName; readonly at: Timestamp }

/**
 * What a contract is told: a signed message, the ledger's answer to its transfers, or that a timer is over. Anybody may say the last; the stamp decides
 * (`ESCROW_TIMER_EARLY`).
 */
export type EscrowEvent = EscrowMessageEvent | TransfersAnsweredEvent | TimerFiredEvent

export type EscrowEventType = EscrowEvent['type']

/** Whether an event is a signed message. */
export function isMessageEvent(event: EscrowEvent): event is EscrowMessageEvent {
  return event.type !== 'transfers-answered' && event.type !== 'timer-fired'
}

import type { Amount } from '../../base/money.ts'
import type { CustodyModel } from '../../core/escrow/escrow-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import type { DataRule } from '../../core/peer-tier/may-leave.ts'

/** What the operator allows of peers. */
export type PeerTierInit = {
  readonly skills: readonly string[]
  readonly currency: Currency
  /** Nano-dollars that one credit is worth to the operator. */
  readonly usdNanosPerCredit: Amount
  readonly priceNanosMax: Amount
  readonly custody: CustodyModel
  readonly latencyMsMax: number
  readonly reputationPpmMin: number
  /** Only these sellers; absent: whoever offers. */
  readonly sellers?: readonly Did[] | undefined
  readonly data: DataRule
}

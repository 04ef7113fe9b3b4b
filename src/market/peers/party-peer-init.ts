import type { CustodyModel } from '../../core/escrow/escrow-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import type { PartyRole } from '../parties/role/start-party.ts'

export type PartyPeerMarketInit = {
  readonly skills: readonly string[]
  readonly currency: Currency
  readonly custody: CustodyModel
  /** Nodes that are asked for offers of a skill. */
  readonly peers: (skill: string) => readonly Did[]
  /** Between two readings of the offers. */
  readonly refreshMs: number
  /** Told of readings that failed; the next one comes in its time. */
  readonly onError: (error: unknown) => void
}

/** What of a running party is needed to buy for a router. */
export type PeerBuyer = Pick<PartyRole, 'party' | 'buyer'> & {
  readonly reputation: Pick<PartyRole['reputation'], 'policy' | 'show'>
  readonly parameters: Pick<PartyRole['parameters'], 'timers' | 'fit'>
}

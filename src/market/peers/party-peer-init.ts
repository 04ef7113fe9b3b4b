import type { CustodyModel } from '../../core/escrow/escrow-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import type { CardEntry } from '../../core/market/card-directory.ts'
import type { PartyRole } from '../parties/role/start-party.ts'

/** What other nodes have said of themselves to everybody. */
export type PeerCards = {
  /** A card that is valid now. */
  cardOf(node: Did): Pick<CardEntry, 'card' | 'until'> | undefined
  /**
   * @param onChange Told at once of the node whose card came, was replaced, or is gone.
   * @returns Ends it.
   */
  watch(onChange: (node: Did) => void): () => void
}

export type PartyPeerMarketInit = {
  readonly skills: readonly string[]
  readonly currency: Currency
  readonly custody: CustodyModel
  /** Nodes that may offer a skill, those first that matter most. */
  readonly peers: (skill: string) => readonly Did[]
  /** Offers of a node that is here with its card are read there, and the node is not asked; absent: all are asked. */
  readonly cards?: PeerCards | undefined
  /** Between two rounds of questions. */
  readonly refreshMs: number
  /** Told of rounds that failed; the next one comes in its time. */
  readonly onError: (error: unknown) => void
}

/** What of a running party is needed to buy for a router. */
export type PeerBuyer = Pick<PartyRole, 'party' | 'buyer'> & {
  readonly reputation: Pick<PartyRole['reputation'], 'policy' | 'show'>
  readonly parameters: Pick<PartyRole['parameters'], 'timers' | 'fit'>
}

import type { Did } from '../../core/evidence/names.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { PeerCards } from '../../market/peers/party-peer-init.ts'
import type { WorkQuotasInit } from '../../market/parties/selling/work-quotas.ts'
import type { NotaryService } from '../../market/notary/notary-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import type { SharedLedger } from './shared-ledger.ts'
import type { ConvictedMembers } from './gossip/convicted-members.ts'
import type { MarketConfig, NetworkConfig } from '../config/node-config.ts'
import type { PartyRole, WebhookTarget } from './party-role.ts'

export type MarketComponents = {
  readonly directory: DataDirectory
  /** Where a notary that is alone keeps its books, so that another gateway goes on with them; absent: in the directory. */
  readonly ledger?: SharedLedger
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Absent: nobody is told what waits for an act. */
  readonly webhook?: WebhookTarget
  /** How it is reached, where the one who opens it does not say otherwise. */
  readonly network: NetworkConfig
  /** Whether it takes part in announcements to everybody, and what it makes of them. */
  readonly gossip: Pick<MarketConfig, 'isGossiping' | 'isDiscovering' | 'isCallingOpenly' | 'models'>
  /** Largest input or result, bytes. */
  readonly artifactBytesMax: number
  /** What each payer and each skill may have worked. Absent: as much as there is room for. */
  readonly workQuotas?: WorkQuotasInit
  /** Members of notary sets that are proven to have lied. */
  readonly convicted: ConvictedMembers
  /** Told when this node can buy. */
  readonly onBuyer?: (buyer: NodeBuyer) => void
  /** Told of failures that nobody waits for. */
  readonly onError: (error: unknown) => void
}

/** With which party a node buys, on whose word, and from whom. */
export type NodeBuyer = {
  readonly role: PartyRole
  readonly set: NotarySet
  /** Nodes that may offer a skill. */
  readonly nodes: (skill: string) => readonly Did[]
  /** What other nodes say of themselves; absent where it is not heard. */
  readonly cards: PeerCards | undefined
}

/** What there is once the notary set is known. */
export type OpenedSet = {
  readonly notary: NotaryClient
  readonly party: PartyRole | undefined
  /** Where this node is itself a notary of the set. */
  readonly books: OperatedBooks | undefined
}

/** Books that this node keeps itself: what their operator may do. */
export type OperatedBooks = Pick<NotaryService, 'prune' | 'publishWeights'>

import { PartyPeerMarket } from '../../market/peers/party-peer-market.ts'
import { createHidingModel } from '../../models/hiding-model.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import { PeerBook } from '../../router/peers/peer-book.ts'
import { PeerTier } from '../../router/peers/peer-tier.ts'
import type { NodeConfig, PeersConfig } from '../config/node-config.ts'
import type { NodeBuyer } from '../market/market-components.ts'
import type { LatePeerMarket } from './late-peer-market.ts'

/** Between two rounds of questions to nodes that have no card here. */
const REFRESH_MS = 30_000

export type OpenPeersInit = {
  readonly config: NodeConfig
  readonly market: LatePeerMarket
  readonly catalog: ModelCatalog
  /** The store's part for what is learned of peers. */
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly onError: (error: unknown) => void
}

export type NodePeers = { readonly tier: PeerTier; close(): Promise<void> }

/** The peer tier of a node; `undefined` where its operator allows none. Rejects as the store does. */
export async function openPeers(init: OpenPeersInit): Promise<NodePeers | undefined> {
  const { config, catalog, ...components } = init
  if (config.peers === undefined) return undefined
  const book = await PeerBook.open(components)
  const { judge } = config.router
  const findJudge = (): ReturnType<ModelCatalog['registry']['find']> =>
    judge === undefined ? undefined : catalog.registry.find(judge)
  // What models outside may not see, sellers may not see either.
  const guard = config.privacy?.hidesSecrets === true ? { guard: createHidingModel } : {}
  return {
    tier: new PeerTier({ ...components, book, findJudge, ...guard }, config.peers),
    close: async () => await book.flush(),
  }
}

export type JoinInit = NodeBuyer & {
  readonly peers: PeersConfig
  readonly market: LatePeerMarket
  readonly onError: (error: unknown) => void
}

/** The node takes part in the market from now on: its buyer buys for the router, where the set is the one that the operator means. */
export function joinPeers({ peers, market, set, role, nodes, cards, onError }: JoinInit): void {
  const { skills, currency, custody, notarySet } = peers
  if (notarySet !== undefined && notarySet !== set.id) return
  const init = { skills, currency, custody, peers: nodes, cards, refreshMs: REFRESH_MS, onError }
  const party = new PartyPeerMarket(role, init)
  party.start()
  market.attach(party)
}

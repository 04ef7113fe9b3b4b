import { MarketDoor } from '../market/parties/market-door.ts'
import type { Libp2pTransport } from '../network/libp2p/libp2p-transport.ts'

/** The market's protocol in a page. A node that asks what nobody may ask is cut off for a while, as by every other node: a page has one thread, and each signature costs it the same. */
export function openPageDoor(transport: Libp2pTransport): MarketDoor {
  return new MarketDoor(transport, (peer, fault) => transport.report(peer, fault))
}

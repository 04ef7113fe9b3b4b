/**
 * A peer of the market in a page: it buys from nodes, or sells to them what code of the page does, over WebSockets that the page opens. Keys and journal are the browser's;
 * a closed tab is a party that has crashed, and one that is opened again goes on. It is no notary, no arbiter and no relay, and nobody can call it: who is to ask it, it
 * stays connected with.
 *
 * ```ts
 * import { openBrowserPeer } from 'kernell-os/peer-browser'
 *
 * export async function count(notarySet: string, node: string, currency: string): Promise<string> {
 *   const peer = await openBrowserPeer({ notarySet, peers: [node] })
 *   const order = { key: 'first', skill: 'text.word-count', input: new TextEncoder().encode('one two'), maxNanos: 500_000_000n, currency }
 *   console.log(await peer.disclosure(order))
 *   await peer.buy(order)
 *   const { ended, failed } = await peer.ended(order.key)
 *   return ended === 'FINAL' ? new TextDecoder().decode(await peer.result(order.key)) : `nothing: ${failed?.code}`
 * }
 * ```
 */
export { CodedError } from '../base/errors.ts'
export type { DisclosureLine } from '../market/parties/buying/disclosure.ts'
export type { MarketWorker, WorkOptions } from '../market/parties/role/market-worker.ts'
export type { DeferredSigner } from '../ports/signer.ts'
export { BrowserPeer, type PagePurchase, type PageStandingOffer } from './browser-peer.ts'
export { openBrowserPeer, type BrowserPeerInit } from './open-browser-peer.ts'
export type { PageSigners } from './page-keys.ts'
export { PAGE_LIMITS } from './page-limits.ts'
export type { PageOffer, PageOrder } from './page-trade.ts'

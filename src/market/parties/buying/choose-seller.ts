import type { OrderNote } from './buy-order.ts'
import { holdOwnAuction } from '../auctions/buyer-auction.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { readyOnes } from './decliners.ts'
import { refuseExposure } from './exposure.ts'
import type { BuyCode } from './buy-codes.ts'
import { type AskedNodes, findSellers, type FoundSeller } from './find-sellers.ts'
import { searchFor } from './search-for.ts'
import { refuseDraft } from './write-contract.ts'

/** Finds a seller for a purchase, by the offers that stand or by an auction. @returns `undefined` when there is none; then the purchase has failed. */
export async function chooseSeller(side: BuyerSide, key: string): Promise<ChosenSeller | undefined> {
  const { party, orders } = side
  const { request, declined } = orders.get(key)
  let nodes: AskedNodes = { asked: 0, answered: 0 }
  const found = await findFor(side, key, (asked) => (nodes = asked))
  const fitting = found.filter(
    ({ offer: { seller } }) =>
      !declined.includes(seller) && seller !== party.did && request.sellers?.includes(seller) !== false,
  )
  const isOpen = isAnnounced(request)
  if (fitting.length === 0 && !isOpen) {
    if (declined.length > 0) await orders.fail(key, 'BUY_DECLINED', declinedReason(orders.get(key)))
    else await orders.fail(key, 'BUY_NO_OFFER', silence(nodes))
    return undefined
  }
  // Whoever has bid comes in the order of the bids.
  const ready = orders.get(key).call === undefined ? readyOnes(party, fitting) : fitting
  const { sellers, detail } = await withRoom(side, key, ready)
  const [best] = sellers
  if (best === undefined && !isOpen) {
    await orders.fail(key, 'BUY_EXPOSURE', { ...(detail !== undefined && { detail }) })
    return undefined
  }
  // Nobody is asked for a bid on what cannot be signed.
  const reason = best && refuseDraft(side, { key, worker: best.offer.seller, priceNanos: best.offer.terms.priceNanos })
  if (reason !== undefined) {
    await orders.fail(key, 'BUY_TERMS_WRONG', { reason })
    return undefined
  }
  if (request.auction === undefined && best !== undefined) return atItsPrice(best)
  const { chosen, detail: why } = await holdOwnAuction(side, { key, sellers })
  if (chosen !== undefined) return chosen
  // An open bid costs nothing and shuts out whoever cannot go below it: where it was not meant, the others are asked at what they offer.
  const [next = best] = readyOnes(party, sellers)
  if (request.auction === 'english' && declined.length > 0 && next !== undefined) return atItsPrice(next)
  const more = { ...declinedReason(orders.get(key)), ...(why !== undefined && { detail: why }) }
  await orders.fail(key, declined.length > 0 ? 'BUY_DECLINED' : 'BUY_NOT_AWARDED', more)
  return undefined
}

function atItsPrice({ offer: { seller, terms }, peer }: FoundSeller): ChosenSeller {
  return { seller, peer, priceNanos: terms.priceNanos }
}

/** Whether sellers may bid whom nobody here knows. */
function isAnnounced({ auction, isOpenCall }: OrderNote['request']): boolean {
  return auction !== undefined && isOpenCall === true
}

/** What the last seller said that did not sign. */
export function declinedReason({ declinedCode }: OrderNote): { readonly reason?: string } {
  return { ...(declinedCode !== undefined && { reason: declinedCode }) }
}

/** Offers that were not heard of do not fit for another reason than those that were. */
function silence({ asked, answered }: AskedNodes): { readonly reason?: BuyCode; readonly detail?: string } {
  if (answered === asked) return asked === 0 ? { reason: 'BUY_NODES_UNKNOWN' } : {}
  const detail = `${answered} of the ${asked} nodes that were asked answered.`
  return { ...(answered === 0 && { reason: 'BUY_NODES_SILENT' as const }), detail }
}

/** Those that may have their price, besides what they have. */
async function withRoom(
  side: BuyerSide,
  key: string,
  fitting: readonly FoundSeller[],
): Promise<{ readonly sellers: readonly FoundSeller[]; readonly detail: string | undefined }> {
  const sellers: FoundSeller[] = []
  let first: string | undefined
  for (const found of fitting) {
    const { seller, terms } = found.offer
    const detail = await refuseExposure(side, { key, seller, priceNanos: terms.priceNanos })
    if (detail === undefined) sellers.push(found)
    first ??= detail
  }
  return { sellers, detail: first }
}

async function findFor(
  side: BuyerSide,
  key: string,
  onAsked: (answers: AskedNodes) => void,
): Promise<readonly FoundSeller[]> {
  const { party, orders } = side
  const peers = orders.get(key).request.peers ?? party.components.door.peers
  return await findSellers(party, { ...searchFor(side, key), peers, onAsked })
}

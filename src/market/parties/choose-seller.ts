import { amountFromNanos } from '../../base/money.ts'
import { holdOwnAuction } from './buyer-auction.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { findSellers, type FoundSeller } from './find-sellers.ts'
import { taskHashOf } from './task-package.ts'

/** Finds a seller for a purchase, by the offers that stand or by an auction. @returns `undefined` when there is none; then the purchase has failed. */
export async function chooseSeller(side: BuyerSide, key: string): Promise<ChosenSeller | undefined> {
  const { party, orders } = side
  const { request, declined, declinedCode } = orders.get(key)
  const sellers = (await findFor(side, key)).filter(
    ({ offer }) => !declined.includes(offer.seller) && offer.seller !== party.did,
  )
  const [best] = sellers
  if (best === undefined) {
    await orders.fail(key, declined.length > 0 ? 'BUY_DECLINED' : 'BUY_NO_OFFER', declinedCode)
    return undefined
  }
  if (request.auction === undefined) return { found: best, priceNanos: best.offer.terms.priceNanos }
  const won = await holdOwnAuction(side, { key, sellers })
  if (won === undefined) await orders.fail(key, 'BUY_NOT_AWARDED')
  return won
}

async function findFor({ party, orders, policy, standingOf }: BuyerSide, key: string): Promise<readonly FoundSeller[]> {
  const { request, task } = orders.get(key)
  return await findSellers(party, {
    skill: request.skill,
    currency: request.currency,
    maxNanos: amountFromNanos(BigInt(request.maxNanos)),
    latencyMsMax: policy.latencyMsMax,
    inputBytes: task.inputBytes,
    need: taskHashOf(task),
    peers: request.peers ?? party.components.door.peers,
    standingOf,
  })
}

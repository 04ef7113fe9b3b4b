import { type AuctionCall, depositExpiry } from '../../core/auction/auction-call.ts'
import { holdDeposit } from '../../core/auction/deposits.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { DurationMs } from '../../base/time.ts'
import { VALIDITY_MAX_MS } from '../../wire/v1/envelope-head.ts'
import { bodyOfOrder } from '../../wire/v1/ledger-events.ts'
import type { PartyCode } from './party-codes.ts'
import type { Party } from './party.ts'
import type { KeptEnvelope } from './party-record.ts'
import type { SellerPolicy } from './seller-policy.ts'

/** Why a seller does not put up the deposit of a call; `undefined` where it does, or none is asked. */
export function refuseDeposit(call: AuctionCall, policy: SellerPolicy): PartyCode | undefined {
  if (call.depositNanos === 0n) return undefined
  // Whoever gets lost deposits must gain nothing by losing them: the account that a set earns into.
  const isKnown = policy.notarySets.some(({ feeOwner }) => feeOwner === call.forfeitTo)
  if (!isKnown || call.forfeitTo === call.buyer || call.forfeitTo === call.auctioneer) return 'MARKET_SET_UNKNOWN'
  return call.depositNanos > policy.bondNanosMax ? 'MARKET_LIMIT_PASSED' : undefined
}

/** The order to hold it, signed once for each commitment; `undefined` where none is asked. */
export async function signDeposit(
  party: Party,
  { call, auction, commitment }: { readonly call: AuctionCall; readonly auction: Hash; readonly commitment: Hash },
): Promise<KeptEnvelope | undefined> {
  if (call.depositNanos === 0n) return undefined
  const order = holdDeposit(call, auction, { bidder: party.did, envelope: commitment })
  const leftMs = depositExpiry(call) - party.components.clock.now()
  return await party.wallet.say({
    act: `${auction}/deposit`,
    type: 'ledger-transfer',
    body: { orders: [bodyOfOrder(order, call.currency)] },
    aud: party.components.notary.set.id,
    validMs: Math.max(1, Math.min(leftMs, VALIDITY_MAX_MS)) as DurationMs,
  })
}

import { type AuctionCall, depositExpiry } from '../../../core/auction/auction-call.ts'
import { holdDeposit } from '../../../core/auction/deposits.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { DurationMs } from '../../../base/time.ts'
import { validityMaxOf } from '../../../wire/v1/envelope-head.ts'
import { bodyOfOrder } from '../../../wire/v1/ledger-events.ts'
import type { Party } from '../party.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

const TYPE = 'ledger-transfer'

/** The order to hold it, signed for each commitment; `undefined` where none is asked. One whose time is over before it was brought is signed again: it is the same hold. */
export async function signDeposit(
  party: Party,
  { call, auction, commitment }: { readonly call: AuctionCall; readonly auction: Hash; readonly commitment: Hash },
): Promise<KeptEnvelope | undefined> {
  if (call.depositNanos === 0n) return undefined
  const now = party.components.clock.now()
  const order = holdDeposit(call, auction, { bidder: party.did, envelope: commitment })
  const leftMs = depositExpiry(call) - now
  for (let turn = 0; ; turn += 1) {
    const said = await party.wallet.say({
      act: turn === 0 ? `${auction}/deposit` : `${auction}/deposit/${turn}`,
      type: TYPE,
      body: { orders: [bodyOfOrder(order, call.currency)] },
      aud: party.components.notary.set.id,
      validMs: Math.max(1, Math.min(leftMs, validityMaxOf(TYPE))) as DurationMs,
    })
    if (said.envelope.head.exp > now || leftMs <= 0) return said
  }
}

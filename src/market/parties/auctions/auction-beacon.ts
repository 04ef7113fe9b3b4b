import { CodedError } from '../../../base/errors.ts'
import { commitDeadline } from '../../../core/auction/auction-call.ts'
import type { AuctionHouse } from '../../auctions/auction-house.ts'
import { pause } from '../contracts/contract-follower.ts'
import { stampHash } from '../accounts/ledger-word.ts'
import type { Party } from '../party.ts'

/** Between two looks at the set's log. */
const LOOK_MS = 200

/**
 * Brings an auction whose commitments are closed the first certified block behind them, by which ties are broken. Where nobody else says anything to the set the
 * auctioneer has the auction's name stamped, so that there is one. Ends when the auction has it, or has ended.
 */
export async function bringBeacon(party: Party, house: AuctionHouse): Promise<void> {
  const { call, auction } = house.state
  const { notary, timers } = party.components
  const { notarySet, currency } = call
  if (notarySet === undefined || call.kind === 'english') return
  const from = commitDeadline(call)
  for (let look = 1; isWanted(house) && !party.isStopped; look += 1) {
    try {
      const found = await notary.firstSince(from, { signal: party.signal })
      if (found !== undefined) {
        await house.certifyBeacon({ set: notarySet, checkpoint: found.block, checkpointAt: found.at })
        return
      }
      await stampHash(party, { act: `${auction}/beacon/${look}`, hash: auction, currency })
      // Its own clock may be ahead of the set's.
      if ((await notary.firstSince(from, { signal: party.signal })) !== undefined) continue
    } catch (error: unknown) {
      if (!CodedError.is(error)) throw error
    }
    await pause(timers, LOOK_MS, party.signal)
  }
}

function isWanted({ state }: AuctionHouse): boolean {
  return state.kind === 'awaiting-beacon' || (state.kind === 'revealing' && state.beacon === undefined)
}

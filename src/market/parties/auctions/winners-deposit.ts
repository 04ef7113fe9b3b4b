import { depositExpiry } from '../../../core/auction/auction-call.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { type Depositor, loseDeposit, returnDeposit } from '../../../core/auction/deposits.ts'
import { bodyOfOrder } from '../../../wire/v1/ledger-events.ts'
import { tellLedger } from '../accounts/ledger-word.ts'
import type { Party } from '../party.ts'

/** The deposit of an auction's winner, which stays until the contract is held; `undefined` where nothing is. */
export function winnersDeposit({ call, entries, outcome }: AuctionTranscript): Depositor | undefined {
  if (outcome.kind !== 'awarded' || call.depositNanos === 0n) return undefined
  return entries.find(({ bidder }) => bidder === outcome.winner)
}

/** Ends it, once for each auction, in the auctioneer's name: it goes back, or is lost. Behind its expiry it is back by itself. */
export async function endWinnersDeposit(
  party: Party,
  transcript: AuctionTranscript,
  { isLost }: { readonly isLost: boolean },
): Promise<void> {
  const depositor = winnersDeposit(transcript)
  const { auction, call } = transcript
  if (depositor === undefined || party.components.clock.now() >= depositExpiry(call)) return
  const order = isLost ? loseDeposit(call, auction, depositor) : returnDeposit(auction, depositor)
  const body = { orders: [bodyOfOrder(order, call.currency)] }
  await tellLedger(party, { act: `${auction}/winner`, type: 'ledger-transfer', body })
}

import { signDeadline } from '../../../core/auction/auction-call.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { askSignature } from '../buying/ask-signature.ts'
import { keptTranscript } from './buyer-auction.ts'
import type { BuyerSide } from '../buying/buyer-side.ts'
import { isAboutCredit } from '../accounts/credit-accounts.ts'
import { endWinnersDeposit, winnersDeposit } from './winners-deposit.ts'

/**
 * Asks the seller of a purchase to sign. The winner of an auction with a deposit has until T_sign, and loses the deposit where it declines or is late; a buyer that comes
 * late itself takes nothing.
 *
 * @returns Why it does not sign; `undefined` when it has.
 */
export async function askInTurn(side: BuyerSide, key: string): Promise<string | undefined> {
  const { party } = side
  const { clock, timers } = party.components
  const transcript = await wonBySeller(side, key)
  const leftMs = transcript === undefined ? 0 : signDeadline(transcript.call) - clock.now()
  if (transcript === undefined || leftMs <= 0) return await askSignature(side, key)
  const late = new AbortController()
  const timer = timers.schedule(leftMs, () => late.abort())
  let code: string | undefined
  try {
    code = await askSignature(side, key, AbortSignal.any([party.signal, late.signal]))
  } catch (error: unknown) {
    if (!late.signal.aborted || party.isStopped) throw error
    code = 'MARKET_SIGN_LATE'
  } finally {
    timer.cancel()
  }
  // A contract that waits for another one of the same two takes no deposit, and of arbiters the call said nothing.
  const { terms } = side.orders.contractOf(key)
  if (code === undefined || isAboutCredit(code, terms)) return code
  const { k } = terms.arbiters
  const isExcused =
    (code === 'MARKET_ARBITERS_DECLINED' && k > 0) || (code === 'MARKET_PAYER_SHORT' && (await isShort(side, key)))
  if (!isExcused) party.begin(async () => await endWinnersDeposit(party, transcript, { isLost: true }))
  return code
}

/** Whether the buyer itself does not have what is to be held of it: a seller that says so keeps its deposit, by its expiry. */
async function isShort({ party, orders }: BuyerSide, key: string): Promise<boolean> {
  const { currency, maxNanos, bonds } = orders.contractOf(key).terms
  const { ledgers } = await party.components.notary.accounts({ owner: party.did, currency }, { signal: party.signal })
  const lines = ledgers.flatMap(({ accounts }) => accounts)
  const available = lines.find(({ owner, kind }) => owner === party.did && kind === 'available')
  return BigInt(available?.balanceNanos ?? '0') < maxNanos + bonds.payerNanos
}

/** The contract of a purchase is held: the seller keeps its word, and has its deposit back. */
export function releaseWinner(side: BuyerSide, key: string): void {
  side.party.begin(async () => {
    const transcript = await wonBySeller(side, key)
    if (transcript !== undefined) await endWinnersDeposit(side.party, transcript, { isLost: false })
  })
}

/** The auction whose winner the seller of a purchase is, where its deposit is at stake. */
async function wonBySeller(side: BuyerSide, key: string): Promise<AuctionTranscript | undefined> {
  const transcript = await keptTranscript(side, key)
  const depositor = transcript && winnersDeposit(transcript)
  return depositor?.bidder === side.orders.contractOf(key).terms.worker ? transcript : undefined
}

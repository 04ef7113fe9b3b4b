import type { SimulatedMarket } from '../../market/simulated-market.ts'
import type { Stage } from '../../scenario/stage.ts'
import { FUNDS_NANOS, type PeerNode } from './peer-node.ts'

export type PaymentsInit = { readonly trading: PeerNode; readonly market: SimulatedMarket }

/**
 * Compares what a node's own results say that it agreed to pay with what the notaries' books have taken from it: never more, and no less than for the answers that it got.
 *
 * @returns Credits that were paid.
 */
export async function checkPayments({ checks }: Stage, { trading, market }: PaymentsInit): Promise<bigint> {
  const owner = market.didOf(trading.init.name)
  const page = await market.running?.accounts({ owner, currency: market.currency })
  const lines = page?.ledgers.flatMap(({ accounts }) => accounts).filter((line) => line.owner === owner) ?? []
  const has = lines.reduce((total, { balanceNanos }) => total + BigInt(balanceNanos), 0n)
  const paid = FUNDS_NANOS - has
  const bought = trading.served.flatMap((one) => one?.result?.attempts.filter(({ purchase }) => purchase) ?? [])
  const priceOf = (attempts: typeof bought): bigint =>
    attempts.reduce((total, { purchase }) => total + (purchase?.priceNanos ?? 0n), 0n)
  const answered = priceOf(bought.filter(({ outcome }) => outcome === 'accepted' || outcome === 'rejected'))
  const agreed = trading.agreedNanos
  const isWithin = paid >= answered && paid <= agreed
  checks.check(
    'paid-as-recorded',
    isWithin ? undefined : `${paid} nano-credits were paid; answers came to ${answered}, and contracts to ${agreed}`,
  )
  return paid
}

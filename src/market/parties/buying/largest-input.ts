import type { Did } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import type { Party } from '../party.ts'
import { askOffers, PEERS_MAX } from './find-sellers.ts'

export type LargestInputInit = {
  readonly skill: string
  readonly currency: Currency
  /** Nodes that are asked. */
  readonly peers: readonly Did[]
}

/** Bytes of the largest input that any seller takes for a skill, by the offers that stand; `undefined` where nobody offers it, which is no question of size. */
export async function largestInput(
  party: Party,
  { skill, currency, peers }: LargestInputInit,
): Promise<number | undefined> {
  const asked = [...new Set(peers)].slice(0, PEERS_MAX)
  const answers = await Promise.all(asked.map(async (peer) => await askOffers(party, peer, skill)))
  const now = party.components.clock.now()
  const limits = answers
    .flat()
    .map(({ envelope }) => envelope.body)
    .filter((offer) => offer.skill === skill && offer.currency === currency && now < offer.validUntil)
    .map(({ inputBytesMax }) => inputBytesMax)
  return limits.length === 0 ? undefined : Math.max(...limits)
}

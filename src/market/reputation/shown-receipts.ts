import type { Did } from '../../core/evidence/names.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { CONTRACTS, type ContractNote } from '../parties/contracts/contract-notes.ts'
import type { Party } from '../parties/party.ts'

/** Contracts that are looked through for receipts, the newest first: it is done again and again. */
const CONTRACTS_SEEN_MAX = 256

/**
 * Receipts that payers have signed for work of this party's present key: of each payer the newest in which the work was paid and nobody was at fault, as texts, the newest
 * first. They are messages to everybody, and what they are worth depends on who reads them.
 */
export function shownReceipts({ journal, did }: Pick<Party, 'journal' | 'did'>, most: number): readonly string[] {
  const shown = new Map<Did, string>()
  for (const [contract, value] of journal.notesOf(CONTRACTS).slice(-CONTRACTS_SEEN_MAX).toReversed()) {
    if (shown.size >= most) break
    // Written by buyer and seller.
    const { role, other, ended } = value as ContractNote
    if (role !== 'worker' || ended === undefined || shown.has(other)) continue
    for (const { envelope, bytes } of journal.envelopesOf(contract)) {
      if (envelope.type !== 'reputation-receipt' || envelope.head.iss !== other) continue
      const { payer, worker, fault, workerNanos } = envelope.body
      const isGood = payer === other && worker === did && fault === 'none' && workerNanos > 0n
      if (isGood && envelope.head.aud === '*') shown.set(other, decodeUtf8(bytes) ?? '')
    }
  }
  return [...shown.values()]
}

import { type ContractId, type Did, parseContractId } from '../../core/evidence/names.ts'
import { CARD_RECEIPTS_MAX } from '../../core/market/agent-card.ts'
import { CONTRACTS, type ContractNote } from '../parties/contracts/contract-notes.ts'
import type { Party } from '../parties/party.ts'

/** Payers that are remembered for it; each has one receipt at most. */
const PAYERS_MAX = 64
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** What payers have signed of this party's work, for whoever knows nothing of it yet: the last receipt of each of the last payers, since many words of one are worth no more than one. */
export class ShownReceipts {
  private readonly party: Pick<Party, 'journal' | 'noteOf'>
  /** The last contract that was counted with each, the latest behind. */
  private readonly last = new Map<Did, ContractId>()

  /** @param counted  Names of contracts that were counted before, in order. */
  constructor(party: Pick<Party, 'journal' | 'noteOf'>, counted: Iterable<string>) {
    this.party = party
    for (const name of counted) {
      const contract = parseContractId(name)
      if (contract !== undefined) this.add(contract)
    }
  }

  /** A contract was counted. */
  add(contract: ContractId): void {
    const note = this.party.noteOf<ContractNote>(CONTRACTS, contract)
    if (note?.role !== 'worker') return
    this.last.delete(note.other)
    this.last.set(note.other, contract)
    const [oldest] = this.last.keys()
    if (oldest !== undefined && this.last.size > PAYERS_MAX) this.last.delete(oldest)
  }

  /** Canonical texts of signed messages, the latest first. */
  texts(): readonly string[] {
    const found: string[] = []
    for (const [payer, contract] of [...this.last].toReversed()) {
      const kept = this.party.journal
        .envelopesOf(contract)
        .find(({ envelope: { head } }) => head.type === 'reputation-receipt' && head.iss === payer)
      // Some payers sign none, and what has been forgotten is shown to nobody.
      if (kept !== undefined) found.push(DECODER.decode(kept.bytes))
      if (found.length === CARD_RECEIPTS_MAX) break
    }
    return found
  }
}

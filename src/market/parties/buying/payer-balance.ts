import { type Amount, amountFromNanos, formatAmount, ZERO_AMOUNT } from '../../../base/money.ts'
import type { EscrowStateKind } from '../../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { parseContractId } from '../../../core/evidence/names.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../contracts/contract-notes.ts'
import type { Party } from '../party.ts'

const UNHELD: ReadonlySet<EscrowStateKind | undefined> = new Set(['DRAFT', 'OFFERED', 'AGREED', undefined])
/** From here on a dispute bond may still be asked for. */
const UNDECIDED: ReadonlySet<EscrowStateKind> = new Set(['HELD', 'WORKING', 'DELIVERED'])

/**
 * Why a payer may not sign, by its account in the notary set: it has less than price, bond and dispute bond, and what its other contracts may still take of it. Whoever
 * spends its dispute bond cannot reject.
 *
 * @returns A sentence with the amounts; `undefined` where there is enough. Rejects as `NotaryClient.accounts`.
 */
export async function refuseBalance(party: Party, terms: EscrowTerms): Promise<string | undefined> {
  const { currency, payer, custody } = terms
  if (custody === 'C1') return undefined
  const { ledgers } = await party.components.notary.accounts({ owner: payer, currency }, { signal: party.signal })
  const lines = ledgers.filter((ledger) => ledger.currency === currency).flatMap(({ accounts }) => accounts)
  const line = lines.find(({ owner, kind }) => owner === payer && kind === 'available')
  const available = amountFromNanos(BigInt(line?.balanceNanos ?? '0'))
  const price = wholeOf(terms)
  const promised = promisedBeside(party, terms)
  if (available >= price + promised) return undefined
  const [has, needs, others] = [available, price, promised].map((nanos) => formatAmount(nanos))
  return `${payer} has ${has} credits; price and bonds are ${needs}, and other contracts may still take ${others}.`
}

function wholeOf({ maxNanos, bonds }: EscrowTerms): Amount {
  return amountFromNanos(maxNanos + bonds.payerNanos + bonds.disputeNanos)
}

/** What contracts under way may still take of the same account: all of what is not held yet, then the dispute bond. */
function promisedBeside(party: Party, { currency, payer }: EscrowTerms): Amount {
  let nanos: bigint = ZERO_AMOUNT
  for (const [name, value] of party.journal.notesOf(CONTRACTS)) {
    // Written by buyer and seller.
    const { role, ended, terms: text } = value as ContractNote
    const contract = parseContractId(name)
    if (role !== 'payer' || ended !== undefined || contract === undefined) continue
    const terms = readTerms(text)
    if (terms.currency !== currency || terms.payer !== payer || terms.custody === 'C1') continue
    const kind = party.states.get(contract)?.kind
    if (UNHELD.has(kind)) nanos += wholeOf(terms)
    else if (kind !== undefined && UNDECIDED.has(kind)) nanos += terms.bonds.disputeNanos
  }
  return amountFromNanos(nanos)
}

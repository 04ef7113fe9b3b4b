import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'
import { formatPredicate } from '../../core/acceptance/acceptance-predicate.ts'
import type { CreditTerms, EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import { refuseTerms, type TermsRefusalCode } from '../../core/escrow/validate-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import { formatAccountId } from '../../core/ledger/ledger-names.ts'
import { termsText } from '../../wire/v1/escrow-events.ts'
import { contractIdOf } from '../../wire/v1/escrow-terms.ts'
import { ANY_RESULT, makeTerms, type OrderNote } from './buy-order.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { refuseExposure } from './exposure.ts'
import type { PartyCode } from './party-codes.ts'
import { hashOfBytes } from './task-package.ts'
import { nonceOf } from './wallet.ts'

type Partner = { readonly key: string; readonly worker: Did; readonly priceNanos: Amount }

/** Writes the terms of a purchase down, before anybody sees them. @returns False where they may not be signed; then the purchase has failed. */
export async function writeContract(
  side: BuyerSide,
  { key, found, priceNanos }: ChosenSeller & { readonly key: string },
): Promise<boolean> {
  const { party, orders } = side
  const { request, task, input } = orders.get(key)
  const worker = found.offer.seller
  // An auction may have ended at a higher price, and another purchase may have taken the room.
  const detail = await refuseExposure(side, { key, seller: worker, priceNanos })
  if (detail !== undefined) {
    await orders.fail(key, 'BUY_EXPOSURE', { detail })
    return false
  }
  const credit = request.custody === 'C1' ? await creditOf(side, worker, request.currency) : undefined
  const terms = termsFor(side, { key, worker, priceNanos, credit, salt: nonceOf(party.components.random.bytes(16)) })
  const reason = refuseOwn(side, terms)
  if (reason !== undefined) {
    await orders.fail(key, 'BUY_TERMS_WRONG', { reason })
    return false
  }
  const contract = contractIdOf(terms)
  const note: ContractNote = {
    role: 'payer',
    other: worker,
    peer: found.peer,
    task,
    predicate: formatPredicate(request.predicate ?? ANY_RESULT),
    input,
    terms: termsText(terms),
  }
  await party.keep(CONTRACTS, contract, note)
  await orders.change(key, { contract, terms: note.terms, peer: found.peer })
  return true
}

/** The rule that a contract at this price would break, whatever is owed. */
export function refuseDraft(side: BuyerSide, partner: Partner): TermsRefusalCode | PartyCode | undefined {
  const { custody } = side.orders.get(partner.key).request
  const credit: CreditTerms = {
    limitNanos: partner.priceNanos,
    owedNanos: ZERO_AMOUNT,
    accountHead: hashOfBytes(new Uint8Array()),
  }
  const terms = termsFor(side, { ...partner, credit: custody === 'C1' ? credit : undefined, salt: 'A'.repeat(22) })
  return refuseOwn(side, terms)
}

function refuseOwn({ policy }: BuyerSide, terms: EscrowTerms): TermsRefusalCode | PartyCode | undefined {
  const rules = policy.parameters.get(terms.parametersHash)
  return rules === undefined ? 'MARKET_PARAMETERS_UNKNOWN' : refuseTerms(terms, rules)
}

function termsFor(
  { party, orders, policy }: BuyerSide,
  partner: Partner & { readonly credit: CreditTerms | undefined; readonly salt: string },
): EscrowTerms {
  const { key, ...rest } = partner
  const { request, task } = orders.get(key)
  const verifier = `${request.skill}/1`.slice(0, 64)
  return makeTerms({ request, policy, payer: party.did, task, verifier, ...rest })
}

/** What a buyer owes a worker by the ledger, and the most that it owes. */
async function creditOf(
  { party, policy }: BuyerSide,
  worker: Did,
  currency: OrderNote['request']['currency'],
): Promise<CreditTerms> {
  const id = formatAccountId({ owner: worker, kind: 'available', currency })
  const currencies = await party.components.notary.accounts(worker)
  const line = currencies.flatMap(({ accounts }) => accounts).find((account) => account.id === id)
  const owedNanos = amountFromNanos(BigInt(line?.balanceNanos ?? '0'))
  return { limitNanos: policy.creditNanosMax, owedNanos, accountHead: hashOfBytes(new Uint8Array()) }
}

import { type Amount, AMOUNT_MAX, amountFromNanos, formatAmount, ZERO_AMOUNT } from '../../../base/money.ts'
import { formatPredicate } from '../../../core/acceptance/acceptance-predicate.ts'
import type { CreditTerms, EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { refuseTerms, type TermsRefusalCode } from '../../../core/escrow/validate-terms.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { termsText } from '../../../wire/v1/escrow-events.ts'
import { contractIdOf } from '../../../wire/v1/escrow-terms.ts'
import { ANY_RESULT, makeTerms } from './buy-order.ts'
import { capabilityHashOf, orderFor } from './buyer-authority.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { CreditAccounts } from '../accounts/credit-accounts.ts'
import { refuseExposure } from './exposure.ts'
import type { PartyCode } from '../party-codes.ts'
import { refuseBalance } from './payer-balance.ts'
import { hashOfBytes } from '../contracts/task-package.ts'
import { nonceOf } from '../accounts/wallet.ts'

type Partner = { readonly key: string; readonly worker: Did; readonly priceNanos: Amount }

/**
 * Writes the terms of a purchase down, before anybody sees them. @returns `failed` where they may not be signed, and the purchase has failed; `later` while another
 * contract in C1 with this seller is under way.
 */
export async function writeContract(
  side: BuyerSide,
  { key, seller: worker, peer, priceNanos }: ChosenSeller & { readonly key: string },
): Promise<'written' | 'failed' | 'later'> {
  const { party, orders, policy } = side
  const { request, task, input } = orders.get(key)
  // An auction may have ended at a higher price, and another purchase may have taken the room.
  const detail = await refuseExposure(side, { key, seller: worker, priceNanos })
  if (detail !== undefined) {
    await orders.fail(key, 'BUY_EXPOSURE', { detail })
    return 'failed'
  }
  const credit = request.custody === 'C1' ? await creditOf(side, { key, worker, priceNanos }) : undefined
  if (credit === 'later') return 'later'
  if (credit !== undefined && credit.limitNanos > policy.creditNanosMax) {
    const [owed, most] = [credit.owedNanos, policy.creditNanosMax].map((nanos) => formatAmount(nanos))
    await orders.fail(key, 'BUY_CREDIT_SPENT', { detail: `${worker} has ${owed} credits of this buyer, of ${most}.` })
    return 'failed'
  }
  const terms = termsFor(side, { key, worker, priceNanos, credit, salt: nonceOf(party.components.random.bytes(16)) })
  const reason = refuseOwn(side, terms)
  if (reason !== undefined) {
    await orders.fail(key, 'BUY_TERMS_WRONG', { reason })
    return 'failed'
  }
  const short = await refuseBalance(party, terms)
  if (short !== undefined) {
    await orders.fail(key, 'BUY_BALANCE_SHORT', { detail: short })
    return 'failed'
  }
  const contract = contractIdOf(terms)
  const capability = orderFor(side, { terms, contract, skill: request.skill, chain: request.capability })
  const note: ContractNote = {
    role: 'payer',
    other: worker,
    peer,
    task,
    predicate: formatPredicate(request.predicate ?? ANY_RESULT),
    input,
    terms: termsText(terms),
    ...(capability !== undefined && { capability }),
  }
  await party.keep(CONTRACTS, contract, note)
  await orders.change(key, { contract, terms: note.terms, peer })
  return 'written'
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
  side: BuyerSide,
  partner: Partner & { readonly credit: CreditTerms | undefined; readonly salt: string },
): EscrowTerms {
  const { party, orders, policy } = side
  const { key, ...rest } = partner
  const { request, task } = orders.get(key)
  const verifier = `${request.skill}/1`.slice(0, 64)
  const { network: net, components } = party
  const now = components.clock.now()
  const capabilityHash = capabilityHashOf(side, request.capability)
  return makeTerms({ request, policy, net, now, payer: party.did, task, verifier, capabilityHash, ...rest })
}

/** What a buyer owes a worker by the ledger and by the contracts before, and the least line that allows the price. */
async function creditOf(
  { party, orders }: BuyerSide,
  { key, worker, priceNanos }: Partner,
): Promise<CreditTerms | 'later'> {
  const { currency } = orders.get(key).request
  const accounts = new CreditAccounts(party)
  const pair = { payer: party.did, worker, currency }
  const { nanos: owedNanos } = await accounts.owed(pair)
  if (accounts.openBetween(party.did, worker).some(({ terms }) => terms.currency === currency)) return 'later'
  const limitNanos = owedNanos + priceNanos
  return {
    limitNanos: amountFromNanos(limitNanos > AMOUNT_MAX ? AMOUNT_MAX : limitNanos),
    owedNanos,
    accountHead: accounts.headOf(pair),
  }
}

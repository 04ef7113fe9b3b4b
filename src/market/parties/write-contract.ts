import { amountFromNanos } from '../../base/money.ts'
import { formatPredicate } from '../../core/acceptance/acceptance-predicate.ts'
import type { CreditTerms } from '../../core/escrow/escrow-terms.ts'
import type { Did } from '../../core/evidence/names.ts'
import { formatAccountId } from '../../core/ledger/ledger-names.ts'
import { termsText } from '../../wire/v1/escrow-events.ts'
import { contractIdOf } from '../../wire/v1/escrow-terms.ts'
import { ANY_RESULT, makeTerms, type OrderNote } from './buy-order.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { hashOfBytes } from './task-package.ts'
import { nonceOf } from './wallet.ts'

/** Writes the terms of a purchase down, before anybody sees them. */
export async function writeContract(
  side: BuyerSide,
  { key, found, priceNanos }: ChosenSeller & { readonly key: string },
): Promise<void> {
  const { party, orders, policy } = side
  const { request, task, input } = orders.get(key)
  const worker = found.offer.seller
  const terms = makeTerms({
    request,
    policy,
    payer: party.did,
    worker,
    task,
    verifier: `${request.skill}/1`.slice(0, 64),
    priceNanos,
    credit: request.custody === 'C1' ? await creditOf(side, worker, request.currency) : undefined,
    salt: nonceOf(party.components.random.bytes(16)),
  })
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

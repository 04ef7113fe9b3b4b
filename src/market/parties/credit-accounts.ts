import { type Amount, amountFromNanos } from '../../base/money.ts'
import { type CreditPair, creditBeginning, creditSettlement } from '../../core/escrow/credit-account.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, type Hash, parseContractId, parseHash } from '../../core/evidence/names.ts'
import { issuerOf } from '../../core/ledger/ledger-names.ts'
import { hashOfTransition } from '../../wire/v1/notary-receipt.ts'
import type { FollowedContract } from './contract-follower.ts'
import { CONTRACTS, type ContractNote, readTerms } from './contract-notes.ts'
import type { Party } from './party.ts'
import type { PartyCode } from './party-codes.ts'

/** Topic of notes on the accounts of C1, by payer, worker and currency: the head after the last contract. */
const ACCOUNTS = 'credit-account'

export type OpenCredit = { readonly contract: ContractId; readonly terms: EscrowTerms }

/**
 * What this party has written down of credit between a payer and a worker, in C1. An account is a chain: each contract stands on the end of the one before, so there is
 * one at a time, and both sides compute its head from contracts that they saw end.
 */
export class CreditAccounts {
  private readonly party: Party

  constructor(party: Party) {
    this.party = party
  }

  /** What the next contract of a pair has to name. */
  headOf(pair: CreditPair): Hash {
    const head = this.party.journal.note(ACCOUNTS, keyOf(pair))
    return (typeof head === 'string' ? parseHash(head) : undefined) ?? creditBeginning(pair)
  }

  /** Contracts in C1 that a payer and a worker have signed and that have not ended, in any currency. */
  openBetween(payer: Did, worker: Did): readonly OpenCredit[] {
    return this.party.journal.notesOf(CONTRACTS).flatMap(([name, value]) => {
      // Written by buyer and seller.
      const note = value as ContractNote
      const contract = parseContractId(name)
      if (contract === undefined || note.ended !== undefined) return []
      const terms = readTerms(note.terms)
      const isOf = terms.custody === 'C1' && terms.payer === payer && terms.worker === worker
      return isOf ? [{ contract, terms }] : []
    })
  }

  /** What a worker has of a payer's credits by the ledger: in one of its currencies, and in the others together. */
  async owed({
    payer,
    worker,
    currency,
  }: CreditPair): Promise<{ readonly nanos: Amount; readonly otherNanos: bigint }> {
    let nanos = 0n
    let otherNanos = 0n
    const { notary } = this.party.components
    for (let after: string | undefined, isLast = false; !isLast;) {
      const { ledgers, next } = await notary.accounts({ owner: worker, after })
      for (const { currency: one, accounts } of ledgers) {
        const line = accounts.find(({ owner, kind }) => owner === worker && kind === 'available')
        const balanceNanos = BigInt(line?.balanceNanos ?? '0')
        if (one === currency) nanos = balanceNanos
        else if (issuerOf(one) === payer) otherNanos += balanceNanos
      }
      isLast = next === null
      after = next ?? undefined
    }
    return { nanos: amountFromNanos(nanos), otherNanos }
  }

  /** Moves the account on when a contract has ended that money was held for. Before anything else is written of the end. */
  async settle({ state, replay }: FollowedContract): Promise<void> {
    const { contract, terms } = state
    const last = replay.steps.at(-1)?.transition
    if (terms.credit === undefined || state.kind === 'ABORTED' || last === undefined) return
    const { accountHead } = terms.credit
    const head = creditSettlement({ accountHead, contract, ending: hashOfTransition(last) })
    await this.party.journal.keepNote(ACCOUNTS, keyOf(terms), head)
  }
}

/**
 * Why a worker lends nothing on these terms: a second contract over one head, another account than its own, or more than it lends this payer over all that the
 * payer issues.
 */
export async function refuseCredit(
  accounts: CreditAccounts,
  terms: EscrowTerms,
  lineNanos: Amount,
): Promise<PartyCode | undefined> {
  const { credit, payer, worker, currency } = terms
  if (credit === undefined) return undefined
  const { nanos, otherNanos } = await accounts.owed(terms)
  const open = accounts.openBetween(payer, worker)
  if (open.some((one) => one.terms.currency === currency)) return 'MARKET_CREDIT_OPEN'
  if (credit.accountHead !== accounts.headOf(terms)) return 'MARKET_CREDIT_HEAD'
  if (credit.owedNanos !== nanos) return 'MARKET_CREDIT_OWED'
  const elsewhereNanos = open.reduce((sum, one) => sum + one.terms.maxNanos, otherNanos)
  return credit.limitNanos + elsewhereNanos > lineNanos ? 'MARKET_CREDIT_LINE' : undefined
}

/** Whether a refusal may be over in a moment: the other side sees the end of the contract before a little later than this one. */
export function isCreditLag(code: string): boolean {
  return code === 'MARKET_CREDIT_OPEN' || code === 'MARKET_CREDIT_HEAD' || code === 'MARKET_CREDIT_OWED'
}

function keyOf({ payer, worker, currency }: CreditPair): string {
  return `${payer}/${worker}/${currency}`
}

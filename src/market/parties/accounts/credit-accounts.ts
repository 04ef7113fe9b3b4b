import { type Amount, amountFromNanos } from '../../../base/money.ts'
import { type CreditPair, creditBeginning, creditSettlement } from '../../../core/escrow/credit-account.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../../core/evidence/names.ts'
import { type Currency, issuerOf } from '../../../core/ledger/ledger-names.ts'
import { hashOfTransition } from '../../../wire/v1/notary-receipt.ts'
import type { FollowedContract } from '../contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../contracts/contract-notes.ts'
import type { Party } from '../party.ts'
import type { PartyCode } from '../party-codes.ts'
import type { SellerPolicy } from '../selling/seller-policy.ts'

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
    return this.open().filter(({ terms }) => terms.payer === payer && terms.worker === worker)
  }

  private open(): readonly OpenCredit[] {
    return this.party.journal.notesOf(CONTRACTS).flatMap(([name, value]) => {
      // Written by buyer and seller.
      const note = value as ContractNote
      const contract = parseContractId(name)
      if (contract === undefined || note.ended !== undefined) return []
      const terms = readTerms(note.terms)
      return terms.custody === 'C1' ? [{ contract, terms }] : []
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
    for await (const [one, balanceNanos] of this.balancesOf(worker)) {
      if (one === currency) nanos = balanceNanos
      else if (issuerOf(one) === payer) otherNanos += balanceNanos
    }
    return { nanos: amountFromNanos(nanos), otherNanos }
  }

  /** What a worker has lent to those of its payers that are counted, by the ledger and by contracts under way: of each no more than its line. */
  async lent(
    worker: Did,
    { isCounted, lineOf }: { readonly isCounted: (payer: Did) => boolean; readonly lineOf: (payer: Did) => Amount },
  ): Promise<bigint> {
    const lent = new Map<string, bigint>()
    for (const [pair] of this.party.journal.notesOf(ACCOUNTS)) lent.set(pair.slice(0, pair.indexOf('/')), 0n)
    for (const { terms } of this.open()) lent.set(terms.payer, (lent.get(terms.payer) ?? 0n) + terms.maxNanos)
    for await (const [currency, balanceNanos] of this.balancesOf(worker)) {
      const payer = issuerOf(currency)
      const known = lent.get(payer)
      if (known !== undefined) lent.set(payer, known + balanceNanos)
    }
    let sum = 0n
    for (const [name, nanos] of lent) {
      const payer = parseDid(name)
      if (payer === undefined || payer === worker || !isCounted(payer)) continue
      // Credits that somebody gives away besides are no loan.
      const lineNanos = lineOf(payer)
      sum += nanos < lineNanos ? nanos : lineNanos
    }
    return sum
  }

  private async *balancesOf(owner: Did): AsyncGenerator<readonly [Currency, bigint]> {
    const { notary } = this.party.components
    for (let after: string | undefined, isLast = false; !isLast;) {
      const { ledgers, next } = await notary.accounts({ owner, after })
      for (const { currency, accounts } of ledgers) {
        const line = accounts.find((one) => one.owner === owner && one.kind === 'available')
        yield [currency, BigInt(line?.balanceNanos ?? '0')]
      }
      isLast = next === null
      after = next ?? undefined
    }
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
 * Why a worker lends nothing on these terms: a second contract over one head, another account than its own, more than it lends this payer over all that the
 * payer issues, or more than it lends all payers together that have no line of their own.
 */
export async function refuseCredit(
  accounts: CreditAccounts,
  terms: EscrowTerms,
  lender: Pick<SellerPolicy, 'creditNanosOf' | 'hasOwnLine' | 'creditTotalNanos'>,
): Promise<PartyCode | undefined> {
  const { credit, payer, worker, currency } = terms
  if (credit === undefined) return undefined
  const { nanos, otherNanos } = await accounts.owed(terms)
  const open = accounts.openBetween(payer, worker)
  if (open.some((one) => one.terms.currency === currency)) return 'MARKET_CREDIT_OPEN'
  if (credit.accountHead !== accounts.headOf(terms)) return 'MARKET_CREDIT_HEAD'
  if (credit.owedNanos !== nanos) return 'MARKET_CREDIT_OWED'
  const elsewhereNanos = open.reduce((sum, one) => sum + one.terms.maxNanos, otherNanos)
  const wantedNanos = credit.limitNanos + elsewhereNanos
  if (wantedNanos > lender.creditNanosOf(payer)) return 'MARKET_CREDIT_LINE'
  if (lender.hasOwnLine(payer)) return undefined
  const isCounted = (one: Did): boolean => one !== payer && !lender.hasOwnLine(one)
  const othersNanos = await accounts.lent(worker, { isCounted, lineOf: lender.creditNanosOf })
  return wantedNanos + othersNanos > lender.creditTotalNanos() ? 'MARKET_CREDIT_TOTAL' : undefined
}

/** Times that a worker is believed in one purchase: with pauses that double they give it longer than it takes to ask its set again. */
const LAGS_MAX = 4

/** Whether a refusal is about a credit account. Outside of C1 there is none, and it is a refusal like any other. */
export function isAboutCredit(code: string, { custody }: Pick<EscrowTerms, 'custody'>): boolean {
  const isCode = code === 'MARKET_CREDIT_OPEN' || code === 'MARKET_CREDIT_HEAD' || code === 'MARKET_CREDIT_OWED'
  return isCode && custody === 'C1'
}

/** Refusals of one purchase that may be over in a moment: the worker sees the end of the contract before a little later than the payer. */
export class CreditLags {
  private readonly times = new Map<Did, number>()

  /** @returns How often this worker has said so in a row, from 1; `undefined` for what is a refusal for good, also where it says so again and again. */
  believe(code: string, terms: EscrowTerms): number | undefined {
    const times = (this.times.get(terms.worker) ?? 0) + 1
    if (times > LAGS_MAX || !isAboutCredit(code, terms)) return undefined
    this.times.set(terms.worker, times)
    return times
  }
}

function keyOf({ payer, worker, currency }: CreditPair): string {
  return `${payer}/${worker}/${currency}`
}

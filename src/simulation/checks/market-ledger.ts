import { hashTrieForEach, hashTrieGet } from '../../core/collections/hash-trie.ts'
import type { BooksState } from '../../core/books/books-state.ts'
import type { Did } from '../../core/evidence/names.ts'
import { ACCOUNT_KINDS, type Currency, formatAccountId } from '../../core/ledger/ledger-names.ts'
import type { LedgerState } from '../../core/ledger/ledger-state.ts'
import type { BookedStep } from '../../market/notary/books/journaled-books.ts'
import { contractOf, type ContractStep } from './market-steps.ts'

/** Every credit of a currency is somebody's, and its issuer owes as much: all accounts together are nothing. Nobody but an issuer owes. */
export function findLedgerFault({ accounts }: LedgerState): string | undefined {
  const sums = new Map<Currency, bigint>()
  let fault: string | undefined
  hashTrieForEach(accounts, ({ id, name, debits, credits }) => {
    const balance = credits - debits
    sums.set(name.currency, (sums.get(name.currency) ?? 0n) + balance)
    if (name.kind !== 'issuer' && balance < 0n) fault ??= `${id} has ${balance}`
    if (name.kind === 'issuer' && balance > 0n) fault ??= `${id} owes less than nothing: ${balance}`
  })
  for (const [currency, sum] of sums) if (sum !== 0n) fault ??= `${sum} of ${currency} came from nowhere`
  return fault
}

/** What issuers of a currency have given out, less what they took back: what they owe, and what everybody else has. */
export function outstandingNanos({ accounts }: LedgerState, currency: Currency): bigint {
  let owed = 0n
  hashTrieForEach(accounts, ({ name, debits, credits }) => {
    if (name.currency === currency && name.kind === 'issuer') owed += debits - credits
  })
  return owed
}

/** A step about a contract moves credits between those whom its terms name, and none of them has less than nothing afterwards. */
export function findFlowFault(steps: readonly BookedStep[]): string | undefined {
  for (const step of steps) {
    const about = contractOf(step)
    const fault = about && faultOfFlow(about, step)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfFlow({ contract, terms }: ContractStep, { before, after }: BookedStep): string | undefined {
  const { payer, worker, currency, arbiters, notarySet } = terms
  const owners = new Set<Did>([payer, worker, notarySet.feeOwner, ...arbiters.members])
  let sum = 0n
  for (const owner of owners)
    for (const kind of ACCOUNT_KINDS) {
      const id = formatAccountId({ owner, kind, currency })
      const [had, has] = [balanceOf(before, id), balanceOf(after, id)]
      sum += has - had
      if (has < 0n && kind !== 'issuer') return `${contract}: ${id} has ${has}`
    }
  return sum === 0n ? undefined : `${contract}: ${sum} came from nowhere or went there`
}

function balanceOf({ ledger }: BooksState, id: ReturnType<typeof formatAccountId>): bigint {
  const row = hashTrieGet(ledger.accounts, id)
  return row === undefined ? 0n : row.credits - row.debits
}

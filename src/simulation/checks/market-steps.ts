import { hashTrieGet } from '../../core/collections/hash-trie.ts'
import type { EscrowState } from '../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import type { BookedStep } from '../../market/notary/books/journaled-books.ts'
import { stampOfBooksEvent } from '../../market/notary/books/booked-event.ts'

/** What a step did to one contract. */
export type ContractStep = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  readonly from: EscrowState | undefined
  readonly to: EscrowState | undefined
  /** Stamp of the set. */
  readonly at: number
  /** Type of the message, or `timer` and its name. */
  readonly cause: string
}

/** The contract that a step is about; `undefined` where it is about none. */
export function contractOf({ booked, before, after }: BookedStep): ContractStep | undefined {
  const { event } = booked
  if (event.type !== 'message-received' && event.type !== 'timer-fired') return undefined
  const { contract } = event
  const from = hashTrieGet(before.contracts, contract)
  const to = hashTrieGet(after.contracts, contract)
  const terms = to?.terms ?? from?.terms
  if (terms === undefined) return undefined
  const cause = event.type === 'timer-fired' ? `timer ${event.name}` : event.message.type
  return { contract, terms, from, to, at: stampOfBooksEvent(event), cause }
}

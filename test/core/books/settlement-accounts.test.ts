import { expect, test } from 'vitest'
import { BOOKS_MACHINE, contractOf } from '../../../src/core/books/books-machine.ts'
import { contractNamed, hashNamed, nanos, PAYER, termsOf, WORKER } from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

const CONTRACT = { id: contractNamed('crowded'), terms: termsOf() }
const HASH = hashNamed('content')

/** Books in which so many more accounts can be made, with a contract that both have signed. */
function crowded(room: number): Books {
  const books = new Books()
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'offered', expiresAt: at(60_000) } })
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'awarded' } })
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
  limit(books, room)
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'hold-requested' } })
  return books
}

function limit(books: Books, room: number): void {
  const { ledger } = books.state
  const limits = { ...ledger.limits, accountsMax: ledger.accounts.size + room }
  books.state = { ...books.state, ledger: { ...ledger, limits } }
}

test('a contract whose settlement could not be paid for want of accounts is not held, and nothing changes', () => {
  // The fee and three arbiters need four.
  const books = crowded(3)
  expect(books.effects).toEqual([{ type: 'event-refused', code: 'BOOKS_ACCOUNTS_FULL', contract: CONTRACT.id }])
  expect(contractOf(books.state, CONTRACT.id)?.kind).toBe('AGREED')
  expect(books.balance(PAYER, 'held')).toBe(0n)
  const { accounts, limits } = books.state.ledger
  expect(accounts.size).toBe(limits.accountsMax - 3)
})

test('a contract that is held is settled in a ledger that is full since', () => {
  const books = crowded(6)
  expect(contractOf(books.state, CONTRACT.id)?.kind).toBe('HELD')
  // Room for what it has been promised, and no more.
  limit(books, books.state.ledger.unmade)
  expect(books.state.ledger.unmade).toBe(4)
  books.say(CONTRACT, { iss: WORKER, at: 0, body: { type: 'started' } })
  const content = { result: HASH, manifest: HASH, meter: HASH, verdict: HASH }
  books.say(CONTRACT, { iss: WORKER, at: 0, body: { type: 'delivered', ...content, claimNanos: nanos(100) } })
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'accepted', amountNanos: nanos(100) } })
  expect(contractOf(books.state, CONTRACT.id)?.kind).toBe('SETTLED')
  expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
  const { accounts, limits } = books.state.ledger
  expect(accounts.size).toBeLessThanOrEqual(limits.accountsMax)
  expect(books.balance(PAYER, 'held')).toBe(0n)
})

test('a hold that the contract refuses makes no account', () => {
  const books = crowded(6)
  const { state } = books
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'hold-requested' } })
  expect(books.state).toBe(state)
})

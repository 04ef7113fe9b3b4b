import { expect, test } from 'vitest'
import { BOOKS_MACHINE, contractOf } from '../../../src/core/books/books-machine.ts'
import { contractNamed, hashNamed, nanos, PAYER, termsOf, WORKER } from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

const CONTRACT = { id: contractNamed('again'), terms: termsOf() }
const HASH = hashNamed('content')

/** From the offer to the acceptance. */
function settle(books: Books, now: number): void {
  books.say(CONTRACT, { iss: PAYER, at: now, body: { type: 'offered', expiresAt: at(now + 60_000) } })
  books.say(CONTRACT, { iss: PAYER, at: now, body: { type: 'awarded' } })
  books.say(CONTRACT, { iss: PAYER, at: now, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
  books.say(CONTRACT, { iss: PAYER, at: now, body: { type: 'hold-requested' } })
  books.say(CONTRACT, { iss: WORKER, at: now, body: { type: 'started' } })
  const content = { result: HASH, manifest: HASH, meter: HASH, verdict: HASH }
  books.say(CONTRACT, { iss: WORKER, at: now, body: { type: 'delivered', ...content, claimNanos: nanos(100) } })
  books.say(CONTRACT, { iss: PAYER, at: now, body: { type: 'accepted', amountNanos: nanos(100) } })
}

test('a contract that was pruned is not run again while the ledger knows its transfers', () => {
  const books = new Books()
  settle(books, 0)
  books.advance(3_000)
  books.advance(200_000)
  expect(contractOf(books.state, CONTRACT.id)).toBeUndefined()
  const paid = books.balance(WORKER, 'available')
  books.say(CONTRACT, { iss: PAYER, at: 200_001, body: { type: 'offered', expiresAt: at(260_000) } })
  expect(books.effects).toEqual([{ type: 'event-refused', code: 'BOOKS_CONTRACT_OVER', contract: CONTRACT.id }])
  settle(books, 200_002)
  expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
  expect(books.effects.some(({ type }) => type === 'issue-receipt')).toBe(false)
  expect(books.balance(WORKER, 'available')).toBe(paid)
})

test('an offer that nobody held for may be made again', () => {
  const books = new Books()
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'offered', expiresAt: at(60_000) } })
  books.say(CONTRACT, { iss: PAYER, at: 0, body: { type: 'withdrawn' } })
  books.advance(200_000)
  settle(books, 200_001)
  expect(contractOf(books.state, CONTRACT.id)?.kind).toBe('SETTLED')
})

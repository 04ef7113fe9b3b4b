import { expect, test } from 'vitest'
import { DAY_MS } from '../../../src/base/time.ts'
import { BOOKS_MACHINE, contractOf } from '../../../src/core/books/books-machine.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import {
  contractNamed,
  hashNamed,
  ms,
  nanos,
  PAYER,
  SIGN_BY,
  START,
  termsOf,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

type Contract = { readonly id: ContractId; readonly terms: EscrowTerms }

const CONTRACT: Contract = { id: contractNamed('again'), terms: termsOf() }
/** Kept for a tenth of a second only, were it not for the instant before which it may be signed. */
const SHORT: Contract = {
  id: contractNamed('again'),
  terms: termsOf({ timers: { ...termsOf().timers, refundMs: ms(0), retainMs: ms(100) } }),
}
const HASH = hashNamed('content')
const SIGNED_BY = SIGN_BY - START

/** From the offer to the acceptance. */
function settle(books: Books, contract: Contract, now: number): void {
  books.say(contract, { iss: PAYER, at: now, body: { type: 'offered', expiresAt: at(now + 60_000) } })
  books.say(contract, { iss: PAYER, at: now, body: { type: 'awarded' } })
  books.say(contract, { iss: PAYER, at: now, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
  books.say(contract, { iss: PAYER, at: now, body: { type: 'hold-requested' } })
  books.say(contract, { iss: WORKER, at: now, body: { type: 'started' } })
  const content = { result: HASH, manifest: HASH, meter: HASH, verdict: HASH }
  books.say(contract, { iss: WORKER, at: now, body: { type: 'delivered', ...content, claimNanos: nanos(100) } })
  books.say(contract, { iss: PAYER, at: now, body: { type: 'accepted', amountNanos: nanos(100) } })
}

test('a contract that was pruned never runs again, also when the ledger has forgotten its transfers', () => {
  const books = new Books()
  settle(books, CONTRACT, 0)
  books.advance(3_000)
  books.advance(200_000)
  expect(contractOf(books.state, CONTRACT.id)).toBeUndefined()
  const paid = books.balance(WORKER, 'available')
  for (const later of [200_001, 30 * DAY_MS, 400 * DAY_MS]) {
    books.say(CONTRACT, { iss: WORKER, at: later, body: { type: 'offered', expiresAt: at(later + 60_000) } })
    expect(books.effects).toEqual([{ type: 'event-refused', code: 'ESCROW_SIGN_BY_PASSED', contract: CONTRACT.id }])
    settle(books, CONTRACT, later)
    expect(books.balance(WORKER, 'available')).toBe(paid)
  }
  expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
})

test('a contract is kept for as long as its terms may be offered', () => {
  const books = new Books()
  settle(books, SHORT, 0)
  books.advance(1)
  books.advance(SIGNED_BY - 1)
  expect(contractOf(books.state, SHORT.id)?.kind).toBe('FINAL')
  books.say(SHORT, { iss: WORKER, at: SIGNED_BY - 1, body: { type: 'offered', expiresAt: at(SIGNED_BY + 60_000) } })
  expect(books.effects).toMatchObject([{ code: 'ESCROW_STATE_WRONG' }])
  books.advance(SIGNED_BY)
  expect(contractOf(books.state, SHORT.id)).toBeUndefined()
  books.say(SHORT, { iss: WORKER, at: SIGNED_BY, body: { type: 'offered', expiresAt: at(SIGNED_BY + 60_000) } })
  expect(books.effects).toMatchObject([{ code: 'ESCROW_SIGN_BY_PASSED' }])
})

test.each([
  ['before the instant', SIGNED_BY - 1, 'AGREED'],
  ['at the instant', SIGNED_BY, 'ABORTED'],
] as const)('joint signatures that come %s are worth something or nothing', (_, now, kind) => {
  const long: Contract = { ...CONTRACT, terms: termsOf({ timers: { ...termsOf().timers, offerMs: ms(90_000) } }) }
  const books = new Books()
  books.say(long, { iss: PAYER, at: 0, body: { type: 'offered', expiresAt: at(90_000) } })
  books.say(long, { iss: PAYER, at: 0, body: { type: 'awarded' } })
  books.advance(now)
  books.say(long, { iss: PAYER, at: now, body: { type: 'contract-signed', signers: [PAYER, WORKER] } })
  expect(contractOf(books.state, long.id)?.kind).toBe(kind)
})

test('an offer that was withdrawn is not brought back by whoever has the signatures', () => {
  const books = new Books()
  books.say(SHORT, { iss: WORKER, at: 0, body: { type: 'offered', expiresAt: at(60_000) } })
  books.say(SHORT, { iss: WORKER, at: 0, body: { type: 'withdrawn' } })
  books.advance(SIGNED_BY - 1)
  settle(books, SHORT, SIGNED_BY - 1)
  expect(contractOf(books.state, SHORT.id)?.kind).toBe('ABORTED')
  books.advance(SIGNED_BY)
  settle(books, SHORT, SIGNED_BY)
  expect(contractOf(books.state, SHORT.id)).toBeUndefined()
})

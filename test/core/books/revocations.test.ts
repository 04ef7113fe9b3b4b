import { describe, expect, test } from 'vitest'
import {
  formatBooksEvent,
  formatBooksState,
  parseBooksEvent,
  parseBooksState,
} from '../../../src/core/books/books-codec.ts'
import { contractOf } from '../../../src/core/books/books-machine.ts'
import type { BooksEvent } from '../../../src/core/books/books-state.ts'
import { type CapabilityCid, parseCapabilityCid } from '../../../src/core/capability/capability-token.ts'
import { DELEGATION_LIFE_MAX } from '../../../src/core/capability/revocations.ts'
import type { EscrowStateKind } from '../../../src/core/escrow/escrow-state.ts'
import { contractNamed, hashNamed, PAYER, termsOf, WATCHER, WORKER } from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

function cidOf(digit: string): CapabilityCid {
  const cid = parseCapabilityCid(`zdpu${digit.repeat(45)}`)
  if (cid === undefined) throw new TypeError('unreachable')
  return cid
}

const [ROOT, LEAF, OTHER] = [cidOf('1'), cidOf('2'), cidOf('3')]
const TERMS = termsOf({ capabilityHash: hashNamed('chain') })
const CONTRACT = { id: contractNamed('mandated'), terms: TERMS }

function revoked(cid: CapabilityCid, stamp: number, by = WATCHER): BooksEvent {
  return { type: 'capability-revoked', cid, revoker: by, expiresAt: at(50_000), at: at(stamp) }
}

/** Signs the contract at 10 by a chain of the watcher's delegation and one below it. */
function signed(books: Books): EscrowStateKind | undefined {
  books.say(CONTRACT, { iss: PAYER, at: 9, body: { type: 'offered', expiresAt: at(60_000) } })
  books.say(CONTRACT, { iss: PAYER, at: 9, body: { type: 'awarded' } })
  const { payer, worker, currency, custody, maxNanos, capabilityHash } = TERMS
  const head = { contract: CONTRACT.id, payer, worker, currency, custody, maxNanos, capabilityHash }
  const links = [
    { cid: ROOT, iss: WATCHER },
    { cid: LEAF, iss: WORKER },
  ]
  const authority = { ...head, subject: WATCHER, skill: 'text.word-count', links }
  books.say(CONTRACT, { iss: PAYER, at: 10, body: { type: 'contract-signed', signers: [PAYER, WORKER], authority } })
  return contractOf(books.state, CONTRACT.id)?.kind
}

describe('delegations that the notary set knows to be revoked', () => {
  test('make no contract from their stamp on', () => {
    for (const [cid, by] of [
      [ROOT, WATCHER],
      [LEAF, WORKER],
      [LEAF, WATCHER],
    ] as const) {
      const books = new Books()
      books.send(revoked(cid, 5, by))
      expect(signed(books)).toBe('OFFERED')
      expect(books.effects).toEqual([{ type: 'event-refused', code: 'CAPABILITY_REVOKED', contract: CONTRACT.id }])
    }
  })

  test('are others where nobody above them revoked', () => {
    for (const [cid, by] of [
      [OTHER, WATCHER],
      [ROOT, WORKER],
    ] as const) {
      const books = new Books()
      books.send(revoked(cid, 5, by))
      expect(signed(books)).toBe('AGREED')
    }
  })

  test('undo nothing that was signed before', () => {
    const books = new Books()
    expect(signed(books)).toBe('AGREED')
    books.send(revoked(ROOT, 11))
    books.say(CONTRACT, { iss: PAYER, at: 12, body: { type: 'hold-requested' } })
    expect(contractOf(books.state, CONTRACT.id)?.kind).toBe('HELD')
  })

  test('are listed once, and come back from a snapshot', () => {
    const books = new Books()
    books.send(revoked(ROOT, 5))
    books.send(revoked(LEAF, 6, WORKER))
    expect(books.send(revoked(ROOT, 7))).toEqual([{ type: 'event-exists', contract: undefined }])
    const text = formatBooksState(books.state)
    const again = parseBooksState(JSON.parse(text))
    expect(again === undefined ? undefined : formatBooksState(again)).toBe(text)
    expect(again?.revocations).toEqual(books.state.revocations)
    const event = revoked(ROOT, 5)
    expect(parseBooksEvent(JSON.parse(formatBooksEvent(event)))).toEqual(event)
    const without = new Books()
    expect(formatBooksState(without.state)).not.toContain('revocations')
  })
})

describe('a list of revocations', () => {
  const named = (index: number): CapabilityCid => {
    const cid = parseCapabilityCid(`zdpu${String(index).padStart(45, 'a').replaceAll('0', 'z')}`)
    if (cid === undefined) throw new TypeError('unreachable')
    return cid
  }
  const codeOf = (books: Books, event: BooksEvent): string | undefined =>
    books.send(event).find((effect) => effect.type === 'event-refused')?.code

  test('takes 64 of a revoker of whom nothing but a key is known, and more of one with listed credits', () => {
    const books = new Books()
    const codes = Array.from({ length: 65 }, (_, index) => codeOf(books, revoked(named(index), 5)))
    expect(codes.filter((code) => code === undefined)).toHaveLength(64)
    expect(codes.at(-1)).toBe('CAPABILITY_REVOCATIONS_FULL')
    for (let index = 0; index < 65; index += 1)
      expect(codeOf(books, revoked(named(100 + index), 5, PAYER))).toBeUndefined()
    // What has expired makes room, for its revoker too.
    expect(codeOf(books, revoked(named(70), 49_999))).toBe('CAPABILITY_REVOCATIONS_FULL')
    const later = { ...revoked(named(70), 50_001), expiresAt: at(90_000) } as BooksEvent
    expect(codeOf(books, later)).toBeUndefined()
    expect(codeOf(books, { ...later, cid: named(71) } as BooksEvent)).toBeUndefined()
  })

  test('keeps nothing for ever', () => {
    const books = new Books()
    const before = books.state
    const forever = { ...revoked(ROOT, 5, PAYER), expiresAt: undefined } as BooksEvent
    const long = { ...revoked(ROOT, 5, PAYER), expiresAt: at(5 + DELEGATION_LIFE_MAX + 1) } as BooksEvent
    expect([codeOf(books, forever), codeOf(books, long)]).toEqual(['CAPABILITY_LIFE_LONG', 'CAPABILITY_LIFE_LONG'])
    expect(books.state).toBe(before)
  })
})

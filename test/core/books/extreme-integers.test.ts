import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AMOUNT_MAX, amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs, type DurationMs } from '../../../src/base/time.ts'
import { BOOKS_MACHINE } from '../../../src/core/books/books-machine.ts'
import { formatBooksState, parseBooksState } from '../../../src/core/books/books-codec.ts'
import { TIMER_MAX_MS } from '../../../src/core/escrow/escrow-rules.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { RECOVERY_DELAY_MAX } from '../../../src/core/ledger/ledger-state.ts'
import { ISSUER, NOTARY, PAYER, START, termsOf, USD, WATCHER, WORKER } from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

/** Whole numbers at the edges of what a member may be, and far beyond. */
const EDGES = [
  0,
  1,
  3_599_999,
  3_600_000,
  RECOVERY_DELAY_MAX,
  RECOVERY_DELAY_MAX + 1,
  TIMER_MAX_MS,
  2 ** 31,
  2 ** 32,
  Number.MAX_SAFE_INTEGER - Number(START),
  Number.MAX_SAFE_INTEGER - 1,
  Number.MAX_SAFE_INTEGER,
]
const SPAN = fc.constantFrom(...EDGES).map((span) => span as DurationMs)
const AMOUNT = fc.constantFrom(0n, 1n, 2n ** 32n, 2n ** 53n, AMOUNT_MAX - 1n, AMOUNT_MAX).map(amountFromNanos)
const SEQ = fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER)

const head = (iss: typeof PAYER, seq: number) => ({
  envelope: termsOf().taskHash,
  iss,
  seq,
  prev: undefined,
  at: START,
})

/** What anybody may sign about the ledger that carries a whole number. */
const EVENT: fc.Arbitrary<LedgerEvent> = fc.oneof(
  fc.record({ seq: SEQ, recoveryDelay: SPAN }).map(({ seq, recoveryDelay }): LedgerEvent => ({
    ...head(WATCHER, seq),
    type: 'account-opened',
    recoveryKey: NOTARY,
    recoveryDelay,
  })),
  SEQ.map((seq): LedgerEvent => ({
    ...head(NOTARY, seq),
    type: 'recovery-requested',
    owner: WATCHER,
    successor: WORKER,
  })),
  fc.record({ seq: SEQ, cap: AMOUNT }).map(({ seq, cap }): LedgerEvent => ({
    ...head(ISSUER, seq),
    type: 'cap-changed',
    currency: USD,
    cap,
  })),
  fc.record({ seq: SEQ, amount: AMOUNT, expiresAt: SPAN }).map(({ seq, amount, expiresAt }): LedgerEvent => ({
    ...head(PAYER, seq),
    type: 'orders-signed',
    orders: [
      {
        kind: 'hold',
        id: `00${seq.toString(16).padStart(30, '0')}` as never,
        isLinked: false,
        contract: undefined,
        reference: undefined,
        debit: `${PAYER}/available/${USD}` as never,
        credit: `${WORKER}/available/${USD}` as never,
        amount,
        expiresAt: timestampFromMs(expiresAt),
      },
    ],
  })),
)

describe('whole numbers at the edge', () => {
  test('never make a state of the books that cannot be read back', () => {
    fc.assert(
      fc.property(fc.array(EVENT, { maxLength: 12 }), (events) => {
        const books = new Books()
        for (const event of events) {
          if (event.type === 'transfers-submitted' || event.type === 'holds-expired' || event.type === 'issuer-listed')
            continue
          books.send({ type: 'ledger-event-received', event })
          const text = formatBooksState(books.state)
          const read = parseBooksState(JSON.parse(text))
          expect(read && formatBooksState(read)).toBe(text)
        }
        expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
      }),
      { seed: 21, numRuns: 120 },
    )
  })

  test('of terms are read back whatever they are, at every step to the hold', () => {
    const names = Object.keys(termsOf().timers) as (keyof ReturnType<typeof termsOf>['timers'])[]
    fc.assert(
      fc.property(fc.constantFrom(...names), SPAN, SPAN, (name, span, signBy) => {
        const terms = termsOf({
          timers: { ...termsOf().timers, [name]: span },
          signBy: timestampFromMs(START + 1 + (signBy % 3_600_000)),
        })
        const books = new Books()
        const deal = { id: terms.taskHash as never, terms }
        const acts = [
          [PAYER, { type: 'offered', expiresAt: timestampFromMs(Number.MAX_SAFE_INTEGER) }],
          [PAYER, { type: 'awarded' }],
          [PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] }],
          [PAYER, { type: 'hold-requested' }],
          [WORKER, { type: 'started' }],
        ] as const
        for (const [iss, body] of acts) {
          books.say(deal, { iss, at: 0, body })
          const text = formatBooksState(books.state)
          const read = parseBooksState(JSON.parse(text))
          expect(read && formatBooksState(read)).toBe(text)
        }
        books.advance(1_000_000)
        expect(parseBooksState(JSON.parse(formatBooksState(books.state)))).toBeDefined()
        expect(books.state.at).toBe(at(1_000_000))
      }),
      { seed: 22, numRuns: 150 },
    )
  })
})

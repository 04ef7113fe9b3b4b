import { describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../../src/base/time.ts'
import { contractOf } from '../../../src/core/books/books-machine.ts'
import type { BooksEffect, BooksEvent } from '../../../src/core/books/books-state.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  type Body,
  contractNamed,
  didNamed,
  hashNamed,
  nanos,
  NOTARY,
  PAYER,
  termsOf,
  WATCHER,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

const DEAL = { id: contractNamed('replaced'), terms: termsOf({ signBy: at(HOUR_MS + 60_000) }) }
const NEXT = didNamed('next')
/** When the contract begins: a recovery that was asked for at the start can be completed. */
const BEGIN = HOUR_MS
const [result, manifest, meter, verdict] = ['result', 'manifest', 'meter', 'verdict'].map(hashNamed) as [
  never,
  never,
  never,
  never,
]

const ACTS: Readonly<Record<string, readonly [Did, Body]>> = {
  offer: [PAYER, { type: 'offered', expiresAt: at(BEGIN + 60_000) }],
  'offer of the worker': [WORKER, { type: 'offered', expiresAt: at(BEGIN + 60_000) }],
  award: [PAYER, { type: 'awarded' }],
  sign: [PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] }],
  'sign of the worker': [WORKER, { type: 'contract-signed', signers: [PAYER, WORKER] }],
  hold: [PAYER, { type: 'hold-requested' }],
  'hold of the worker': [WORKER, { type: 'hold-requested' }],
  start: [WORKER, { type: 'started' }],
  beat: [WORKER, { type: 'beat-sent', meter }],
  voucher: [WORKER, { type: 'voucher-signed', number: 1, amountNanos: nanos(1), meter, signers: [PAYER, WORKER] }],
  'cancel together': [WORKER, { type: 'cancelled', amountNanos: nanos(100), signers: [PAYER, WORKER] }],
  proof: [
    WATCHER,
    { type: 'equivocation-proved', culprit: PAYER, culpritSeq: 9, first: hashNamed('a'), second: hashNamed('b') },
  ],
  deliver: [WORKER, { type: 'delivered', result, manifest, meter, verdict, claimNanos: nanos(100) }],
  accept: [PAYER, { type: 'accepted', amountNanos: nanos(100) }],
  reject: [PAYER, { type: 'rejected', reason: 'wrong', evidence: hashNamed('why'), concededNanos: nanos(10) }],
}

function codeOf(effects: readonly BooksEffect[]): string | undefined {
  for (const effect of effects) {
    if (effect.type === 'event-refused') return effect.code
    if (effect.type === 'ledger-effect' && effect.effect.type === 'event-refused') return effect.effect.code
  }
  return undefined
}

function act(books: Books, name: string, atMs = BEGIN + 1): string | undefined {
  const [iss, body] = ACTS[name] ?? []
  if (iss === undefined || body === undefined) throw new TypeError(name)
  return codeOf(books.say(DEAL, { iss, body, at: atMs }))
}

function after(acts: string): Books {
  const books = madeBooks()
  for (const name of acts.split(',')) expect([name, act(books, name)]).toEqual([name, undefined])
  return books
}

type LedgerEvent = Extract<BooksEvent, { type: 'ledger-event-received' }>['event']

function tell(books: Books, event: LedgerEvent): void {
  expect(codeOf(books.send({ type: 'ledger-event-received', event }))).toBeUndefined()
}

function rotate(books: Books, iss: Did, isLost = false): void {
  tell(books, {
    envelope: hashNamed(`rotate ${iss}`),
    iss,
    seq: 0,
    prev: undefined,
    at: at(BEGIN + 1),
    type: 'key-rotated',
    key: NEXT,
    isLost,
  })
}

/** Books in which the recovery keys of both parties have asked for another key long ago. */
function madeBooks(): Books {
  const made = new Books()
  const head = { seq: 0, prev: undefined, at: at(0) }
  const naming = { recoveryKey: NOTARY, recoveryDelay: HOUR_MS }
  tell(made, { ...head, envelope: hashNamed('open'), iss: WORKER, type: 'account-opened', ...naming })
  for (const owner of [PAYER, WORKER]) {
    const envelope = hashNamed(`ask ${owner}`)
    tell(made, { ...head, envelope, iss: NOTARY, type: 'recovery-requested', owner, successor: NEXT })
  }
  return made
}

function recover(from: Books, owner: Did): void {
  tell(from, { type: 'recovery-completed', owner, at: at(BEGIN + 1) })
}

describe.each([
  ['rotated', (books: Books, key: Did): void => rotate(books, key)],
  ['recovered', recover],
])('a key that was %s', (_how, replace) => {
  test.each([PAYER, WORKER])('begins no contract, whichever party it is: %s', (key) => {
    const steps = [
      ['offer', undefined],
      ['offer of the worker', undefined],
      ['award', 'offer'],
      ['sign', 'offer,award'],
      ['sign of the worker', 'offer,award'],
      ['hold', 'offer,award,sign'],
      ['hold of the worker', 'offer,award,sign'],
    ] as const
    for (const [step, before] of steps) {
      const books = before === undefined ? madeBooks() : after(before)
      replace(books, key)
      const [have, held] = [books.balance(key, 'available'), books.balance(key, 'held')]
      expect([step, act(books, step, BEGIN + 2)]).toEqual([step, 'BOOKS_KEY_REPLACED'])
      expect([books.balance(key, 'available'), books.balance(key, 'held')]).toEqual([have, held])
    }
  })
})

test('a thief with a key that was recovered takes nothing by a contract with an accomplice', () => {
  const books = madeBooks()
  recover(books, PAYER)
  for (const step of ['offer', 'award', 'sign', 'hold']) act(books, step, BEGIN + 2)
  expect([contractOf(books.state, DEAL.id), books.balance(PAYER, 'available')]).toEqual([undefined, 1_000n])
})

describe('a contract whose price is held', () => {
  test('goes on with a key that was rotated since', () => {
    const books = after('offer,award,sign,hold,start')
    rotate(books, PAYER)
    expect([act(books, 'deliver'), act(books, 'accept')]).toEqual([undefined, undefined])
    expect(contractOf(books.state, DEAL.id)?.kind).toBe('SETTLED')
    const worker = after('offer,award,sign,hold')
    rotate(worker, WORKER)
    expect([act(worker, 'start'), act(worker, 'deliver')]).toEqual([undefined, undefined])
  })

  test.each([
    [PAYER, 'offer,award,sign,hold,start', ['voucher', 'cancel together', 'proof']],
    [PAYER, 'offer,award,sign,hold,start,deliver', ['accept', 'reject', 'proof']],
    [WORKER, 'offer,award,sign,hold', ['start', 'cancel together']],
    [WORKER, 'offer,award,sign,hold,start', ['beat', 'voucher', 'deliver', 'cancel together']],
  ])('hears nothing from a key that was lost: %s after %s', (key, before, refused) => {
    for (const replace of [recover, (books: Books): void => rotate(books, key, true)])
      for (const step of refused) {
        const books = after(before)
        replace(books, key)
        expect([step, act(books, step, BEGIN + 2)]).toEqual([step, 'BOOKS_KEY_REPLACED'])
      }
  })

  test('pays out to the account of the key that was lost, where the successor has it', () => {
    const books = after('offer,award,sign,hold,start')
    recover(books, PAYER)
    expect(act(books, 'deliver', BEGIN + 2)).toBeUndefined()
    for (const later of [100_000_000, 200_000_000]) books.advance(later)
    expect(contractOf(books.state, DEAL.id)?.kind).toBe('FINAL')
    const left = books.balance(PAYER, 'available')
    expect(left).toBeGreaterThan(800n)
    const sides = {
      debit: `${PAYER}/available/${DEAL.terms.currency}`,
      credit: `${NEXT}/available/${DEAL.terms.currency}`,
    }
    const order = { kind: 'post', id: 'ab'.repeat(16), isLinked: false, amount: nanos(Number(left)), ...sides }
    const head = { envelope: hashNamed('sweep'), seq: 0, prev: undefined, at: at(200_000_001) }
    const sweep = (iss: Did) =>
      books.send({
        type: 'ledger-event-received',
        event: {
          ...head,
          iss,
          type: 'orders-signed',
          orders: [{ ...order, contract: undefined, reference: undefined } as never],
        },
      })
    expect(codeOf(sweep(PAYER))).toBe('LEDGER_SIGNER_WRONG')
    expect(codeOf(sweep(NEXT))).toBeUndefined()
    expect([books.balance(PAYER, 'available'), books.balance(NEXT, 'available')]).toEqual([0n, left])
  })
})

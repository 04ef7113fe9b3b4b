import { describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../../src/base/time.ts'
import { BOOKS_MACHINE, contractOf, nextFiringOf } from '../../../src/core/books/books-machine.ts'
import { BOOKS_REFUSALS } from '../../../src/core/books/books-refusals.ts'
import { BOOKS_LIMITS_DEFAULT, type BooksEffect } from '../../../src/core/books/books-state.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { transferIdOf } from '../../../src/core/escrow/escrow-money.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import { formatAccountId } from '../../../src/core/ledger/ledger-names.ts'
import {
  type Body,
  ISSUER,
  NOTARY,
  PAYER,
  PAYER_CREDITS,
  RULES,
  START,
  USD,
  WATCHER,
  WORKER,
  contractNamed,
  creditTerms,
  currencyOf,
  hashNamed,
  message,
  ms,
  nanos,
  notaryTerms,
  termsOf,
} from '../escrow/escrow-builder.ts'
import { Books, at } from './books-builder.ts'

type Deal = { readonly id: ContractId; readonly terms: EscrowTerms }

function deal(name: string, terms: EscrowTerms = termsOf()): Deal {
  return { id: contractNamed(name), terms }
}

const [result, manifest, meter, verdict] = [
  hashNamed('result'),
  hashNamed('manifest'),
  hashNamed('meter'),
  hashNamed('verdict'),
]
const ACTS: Readonly<Record<string, readonly [Did, Body]>> = {
  offer: [PAYER, { type: 'offered', expiresAt: at(60_000) }],
  award: [PAYER, { type: 'awarded' }],
  sign: [PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] }],
  hold: [PAYER, { type: 'hold-requested' }],
  start: [WORKER, { type: 'started' }],
  deliver: [WORKER, { type: 'delivered', result, manifest, meter, verdict, claimNanos: nanos(100) }],
  accept: [PAYER, { type: 'accepted', amountNanos: nanos(100) }],
  reject: [PAYER, { type: 'rejected', reason: 'wrong', evidence: hashNamed('why'), concededNanos: nanos(10) }],
}

function run(books: Books, to: Deal, acts: string, atMs = 0): readonly BooksEffect[] {
  let effects: readonly BooksEffect[] = []
  for (const act of acts.split(' ')) {
    const [iss, body] = ACTS[act] ?? []
    if (iss === undefined || body === undefined) throw new TypeError(act)
    effects = books.say(to, { iss, body, at: atMs })
  }
  return effects
}

function codeOf(effects: readonly BooksEffect[]): string | undefined {
  return effects.flatMap((effect) => (effect.type === 'event-refused' ? [effect.code] : []))[0]
}

function sums(books: Books): readonly bigint[] {
  return [
    books.balance(PAYER, 'available'),
    books.balance(PAYER, 'held'),
    books.balance(WORKER, 'available'),
    books.balance(WORKER, 'held'),
    books.balance(NOTARY, 'fee'),
  ]
}

describe('money of a contract', () => {
  test('is held with both bonds, and paid with its fee, within the step of its message', () => {
    const books = new Books()
    const contract = deal('one')
    run(books, contract, 'offer award sign hold')
    expect(sums(books)).toEqual([880n, 120n, 970n, 30n, 0n])
    run(books, contract, 'start deliver accept')
    expect(contractOf(books.state, contract.id)?.kind).toBe('SETTLED')
    expect(sums(books)).toEqual([900n, 0n, 1_097n, 0n, 3n])
  })

  test('is not held at all when one bond is short', () => {
    const books = new Books({
      funds: [
        [PAYER, 1_000],
        [WORKER, 29],
      ],
    })
    const contract = deal('one')
    const effects = run(books, contract, 'offer award sign hold')
    expect(effects.filter(({ type }) => type === 'record-transition')).toMatchObject([
      { edge: 'ask-hold' },
      { edge: 'hold-refused' },
    ])
    expect(sums(books)).toEqual([1_000n, 0n, 29n, 0n, 0n])
  })

  test('cannot be spent twice by two contracts', () => {
    const books = new Books({
      funds: [
        [PAYER, 130],
        [WORKER, 100],
      ],
    })
    run(books, deal('one'), 'offer award sign hold')
    run(books, deal('two'), 'offer award sign hold')
    expect([
      contractOf(books.state, contractNamed('one'))?.kind,
      contractOf(books.state, contractNamed('two'))?.kind,
    ]).toEqual(['HELD', 'AGREED'])
  })

  test('of a ruling goes to worker and arbiters, each once', () => {
    const books = new Books()
    const contract = deal('one', notaryTerms())
    run(books, contract, 'offer award sign hold start deliver reject')
    expect(books.balance(PAYER, 'held')).toBe(110n)
    const state = contractOf(books.state, contract.id)
    if (state?.kind !== 'DISPUTED') throw new TypeError('not disputed')
    const record = books.advance(1_000).find((effect) => effect.type === 'issue-receipt')
    const evidenceRoot = record?.receipt.subject
    if (evidenceRoot === undefined) throw new TypeError('no root')
    const signers = contract.terms.arbiters.members.slice(0, 2)
    books.say(contract, {
      iss: WATCHER,
      at: 1_000,
      body: { type: 'ruled', evidenceRoot, workerNanos: nanos(50), signers },
    })
    expect(sums(books)).toEqual([942n, 0n, 1_048n, 0n, 2n])
    expect(contract.terms.arbiters.members.map((member) => books.balance(member, 'arbiter'))).toEqual([4n, 4n, 0n])
  })
})

describe('ids of transfers', () => {
  test('of a contract are taken by nobody else, who knows them beforehand', () => {
    const books = new Books()
    const contract = deal('one')
    run(books, contract, 'offer award sign hold start deliver')
    const id = transferIdOf(contract.id, 'capture/price', 1)
    const accounts = {
      debit: formatAccountId({ owner: PAYER, kind: 'available', currency: USD }),
      credit: formatAccountId({ owner: WATCHER, kind: 'available', currency: USD }),
    }
    const order = {
      kind: 'post',
      id,
      isLinked: false,
      contract: undefined,
      reference: undefined,
      ...accounts,
      amount: nanos(1),
    } as const
    const head = { envelope: hashNamed('order'), iss: PAYER, seq: 0, prev: undefined, at: START }
    expect(
      codeOf(books.send({ type: 'ledger-event-received', event: { ...head, type: 'orders-signed', orders: [order] } })),
    ).toBe('BOOKS_ID_RESERVED')
    const issue = { id, owner: PAYER, currency: USD, amount: nanos(1), reference: 'payment', isConfirmed: true }
    expect(
      codeOf(
        books.send({
          type: 'ledger-event-received',
          event: { ...head, iss: ISSUER, type: 'credits-issued', ...issue },
        }),
      ),
    ).toBe('BOOKS_ID_RESERVED')
    run(books, contract, 'accept')
    expect(contractOf(books.state, contract.id)?.kind).toBe('SETTLED')
  })
})

describe('bilateral credit', () => {
  test('is paid in credits of the payer, which owes what the worker has', () => {
    const books = new Books({ funds: [] })
    const contract = deal('one', creditTerms())
    run(books, contract, 'offer award sign hold start deliver accept')
    expect([books.balance(PAYER, 'issuer', PAYER_CREDITS), books.balance(WORKER, 'available', PAYER_CREDITS)]).toEqual([
      -100n,
      100n,
    ])
  })

  test('counts what is owed and what is under way against the line', () => {
    const books = new Books({ funds: [] })
    run(books, deal('one', creditTerms()), 'offer award sign hold')
    const short = run(books, deal('two', creditTerms()), 'offer award sign hold')
    expect(codeOf(short)).toBe('BOOKS_CREDIT_SHORT')
    run(books, deal('one', creditTerms()), 'start deliver accept')
    expect(codeOf(run(books, deal('three', creditTerms()), 'offer award sign hold'))).toBe('BOOKS_CREDIT_SHORT')
    const wider = creditTerms({ credit: { limitNanos: nanos(200), owedNanos: nanos(100), accountHead: hashNamed('') } })
    expect(codeOf(run(books, deal('four', wider), 'offer award sign hold'))).toBeUndefined()
    expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
  })
})

describe('offers', () => {
  const refused = (terms: EscrowTerms, limits = BOOKS_LIMITS_DEFAULT): string | undefined =>
    codeOf(run(new Books({ limits }), deal('one', terms), 'offer'))

  test('are refused with the code of what is wrong', () => {
    const { notarySet } = termsOf()
    expect([
      refused(termsOf({ notarySet: { ...notarySet, id: hashNamed('other') } })),
      refused(termsOf({ notarySet: { ...notarySet, epoch: 1 } })),
      refused(termsOf({ notarySet: { ...notarySet, feeOwner: WATCHER } })),
      refused(termsOf({ parametersHash: hashNamed('other') })),
      refused(termsOf({ worker: PAYER })),
      refused(termsOf({ currency: currencyOf('EUR', ISSUER) })),
      refused(termsOf({ signBy: at(HOUR_MS + 1) })),
      refused(termsOf({ signBy: at(HOUR_MS) })),
      refused(termsOf({ signBy: at(1) })),
      refused(termsOf({ signBy: at(0) })),
    ]).toEqual([
      'BOOKS_SET_WRONG',
      'BOOKS_SET_WRONG',
      'BOOKS_SET_WRONG',
      'BOOKS_PARAMETERS_UNKNOWN',
      'TERMS_PARTIES',
      'BOOKS_CURRENCY_UNKNOWN',
      'BOOKS_OFFER_LONG',
      undefined,
      undefined,
      'ESCROW_SIGN_BY_PASSED',
    ])
  })

  test('need their terms, and a known contract', () => {
    const books = new Books()
    const offer = message({ type: 'offered', expiresAt: at(1_000) }, { iss: PAYER, seq: 0, at: START })
    expect(
      codeOf(
        books.send({ type: 'message-received', contract: contractNamed('one'), terms: undefined, message: offer }),
      ),
    ).toBe('BOOKS_TERMS_MISSING')
    expect(codeOf(run(books, deal('one'), 'award'))).toBe('BOOKS_CONTRACT_UNKNOWN')
  })

  test('stop at a limit of their own, and take no room from what is held', () => {
    const books = new Books({ limits: { ...BOOKS_LIMITS_DEFAULT, openMax: 1, keptMax: 1, offeredMax: 2 } })
    run(books, deal('one'), 'offer award sign')
    run(books, deal('two'), 'offer')
    expect(codeOf(run(books, deal('three'), 'offer'))).toBe('BOOKS_OFFERS_FULL')
    expect(codeOf(run(books, deal('one'), 'hold'))).toBeUndefined()
    expect(codeOf(run(books, deal('three'), 'offer'))).toBeUndefined()
    expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
  })

  test('that came to nothing are gone within an hour, however long the contract would have been kept', () => {
    const timers = { ...termsOf().timers, retainMs: ms(400 * HOUR_MS) }
    const books = new Books({ limits: { ...BOOKS_LIMITS_DEFAULT, offeredMax: 1 } })
    run(books, deal('one', termsOf({ timers })), 'offer')
    books.advance(1_000)
    expect(codeOf(run(books, deal('two', termsOf({ timers, signBy: at(HOUR_MS) })), 'offer', 1_000))).toBe(
      'BOOKS_OFFERS_FULL',
    )
    const later = 1_000 + HOUR_MS
    books.advance(later)
    const two = deal('two', termsOf({ timers, signBy: at(later + 1) }))
    const offer = { type: 'offered', expiresAt: at(later + 1) } as const
    expect(codeOf(books.say(two, { iss: PAYER, body: offer, at: later }))).toBeUndefined()
  })

  test('may be held up to the limits of what is open and of what is kept', () => {
    const both = { ...BOOKS_LIMITS_DEFAULT, openMax: 1, keptMax: 2 }
    const books = new Books({ limits: both })
    for (const name of ['one', 'two', 'three']) run(books, deal(name), 'offer award sign')
    expect(codeOf(run(books, deal('one'), 'hold'))).toBeUndefined()
    expect(codeOf(run(books, deal('two'), 'hold'))).toBe('BOOKS_OPEN_FULL')
    const kept = new Books({ limits: { ...both, openMax: 9 } })
    for (const name of ['one', 'two', 'three']) run(kept, deal(name), 'offer award sign')
    for (const name of ['one', 'two']) expect(codeOf(run(kept, deal(name), 'hold'))).toBeUndefined()
    expect(codeOf(run(kept, deal('three'), 'hold'))).toBe('BOOKS_KEPT_FULL')
  })
})

describe('time', () => {
  test('never goes backward', () => {
    const books = new Books()
    books.advance(10)
    const before = books.state
    expect(codeOf(books.advance(9))).toBe('BOOKS_STAMP_BACKWARD')
    expect(books.state).toBe(before)
  })

  test('ends an ended contract as a record, and its offer cannot be played again', () => {
    const books = new Books()
    const contract = deal('one')
    run(books, contract, 'offer')
    const [, offer] = [undefined, books.events.at(-1)]
    books.advance(1_000)
    expect(nextFiringOf(books.state)).toBe(at(101_000))
    const effects = books.advance(101_000)
    expect(effects.filter(({ type }) => type === 'prune-contract')).toEqual([
      {
        type: 'prune-contract',
        record: {
          contract: contract.id,
          kind: 'ABORTED',
          capturedNanos: 0n,
          feeNanos: 0n,
          refundedNanos: 0n,
          fault: 'none',
        },
      },
    ])
    expect([contractOf(books.state, contract.id), nextFiringOf(books.state)]).toEqual([undefined, undefined])
    if (offer?.type !== 'message-received') throw new TypeError('no offer')
    const again = { ...offer.message, type: 'offered', at: at(101_000), expiresAt: at(200_000) } as const
    expect(codeOf(books.send({ ...offer, message: again }))).toBe('ESCROW_SIGN_BY_PASSED')
  })

  test('fires at most so many timers a stamp, and says that there are more', () => {
    const books = new Books({ limits: { ...BOOKS_LIMITS_DEFAULT, firingsMax: 2 } })
    for (const name of ['one', 'two', 'three']) run(books, deal(name), 'offer')
    const fired = (effects: readonly BooksEffect[]): number =>
      effects.filter(({ type }) => type === 'record-transition').length
    expect([fired(books.advance(5_000)), nextFiringOf(books.state), fired(books.advance(5_000))]).toEqual([
      2,
      at(1_000),
      1,
    ])
  })

  test('may be pointed out by anybody, not before it has come', () => {
    const books = new Books()
    const contract = deal('one')
    run(books, contract, 'offer award sign hold')
    const claim = (offset: number): readonly BooksEffect[] =>
      books.send({ type: 'timer-fired', contract: contract.id, name: 'start', at: at(offset) })
    expect(codeOf(claim(999))).toBe('ESCROW_TIMER_EARLY')
    claim(1_000)
    expect(contractOf(books.state, contract.id)?.kind).toBe('VOIDED')
    expect(sums(books)).toEqual([1_005n, 0n, 995n, 0n, 0n])
  })

  test('leaves no more cancelled timers behind than a few for each contract', () => {
    const books = new Books()
    const contract = deal('one')
    run(books, contract, 'offer award sign hold start')
    for (let beat = 0; beat < 500; beat += 1)
      books.say(contract, { iss: WORKER, at: beat, body: { type: 'beat-sent', meter } })
    expect(books.state.timers?.size).toBeLessThan(80)
    expect(nextFiringOf(books.state)).toBe(at(3_499))
    expect(BOOKS_MACHINE.violations(books.state)).toEqual([])
  })
})

describe('repeats', () => {
  test('of every message of a settlement have one effect', () => {
    const books = new Books()
    const contract = deal('one')
    for (const act of ['offer', 'award', 'sign', 'hold', 'start', 'deliver', 'accept']) {
      run(books, contract, act)
      const before = books.state
      const event = books.events.at(-1)
      if (event === undefined) throw new TypeError('nothing was sent')
      for (let time = 0; time < 3; time += 1)
        expect(books.send(event)).toEqual([{ type: 'event-exists', contract: contract.id }])
      expect(books.state).toBe(before)
    }
    expect(sums(books)).toEqual([900n, 0n, 1_097n, 0n, 3n])
  })

  test('of a parameter set change nothing, and there is a limit', () => {
    const books = new Books({ limits: { ...BOOKS_LIMITS_DEFAULT, parametersMax: 2 } })
    const publish = (name: string): readonly BooksEffect[] =>
      books.send({ type: 'parameters-published', hash: hashNamed(name), rules: RULES, at: START })
    expect([publish('rules'), publish('more'), publish('most')]).toEqual([
      [{ type: 'event-exists', contract: undefined }],
      [],
      [{ type: 'event-refused', code: 'BOOKS_PARAMETERS_FULL', contract: undefined }],
    ])
  })
})

test('every refusal of the books has one sentence of cause and one of remedy', () => {
  for (const { cause, remedy } of Object.values(BOOKS_REFUSALS))
    expect([cause.endsWith('.'), remedy.endsWith('.')]).toEqual([true, true])
})

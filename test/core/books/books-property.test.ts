import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BOOKS_MACHINE, contractOf, nextFiringOf } from '../../../src/core/books/books-machine.ts'
import {
  formatBooksEvent,
  formatBooksState,
  parseBooksEvent,
  parseBooksState,
} from '../../../src/core/books/books-codec.ts'
import type { BooksEffect } from '../../../src/core/books/books-state.ts'
import { ESCROW_EDGES } from '../../../src/core/escrow/escrow-edges.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { evidenceRootOf } from '../../../src/core/escrow/evidence-root.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import {
  ARBITERS,
  type Body,
  NOTARY,
  PAYER,
  START,
  WATCHER,
  WORKER,
  contractNamed,
  creditTerms,
  hashNamed,
  message,
  nanos,
  notaryTerms,
  termsOf,
} from '../escrow/escrow-builder.ts'
import { Books, at } from './books-builder.ts'

type Deal = { readonly id: ContractId; readonly terms: EscrowTerms }

const DEALS: readonly Deal[] = [
  { id: contractNamed('bonded'), terms: termsOf() },
  { id: contractNamed('custody'), terms: notaryTerms({ fallbackPerMillion: 300_000 }) },
  { id: contractNamed('credit'), terms: creditTerms() },
  { id: contractNamed('credit 2'), terms: creditTerms({ salt: 'BAAAAAAAAAAAAAAAAAAAAA' }) },
]

const VERBS = [
  'offer',
  'award',
  'sign',
  'hold',
  'start',
  'voucher',
  'beat',
  'deliver',
  'accept',
  'reject',
  'dispute',
  'evidence',
  'rule',
  'cancel',
  'settle',
  'refund',
  'withdraw',
  'proof',
] as const
type Verb = (typeof VERBS)[number]

const ACT = fc.noBias(
  fc.record({
    deal: fc.nat(DEALS.length - 1),
    verb: fc.constantFrom(...VERBS),
    iss: fc.constantFrom<Did[]>(PAYER, PAYER, WORKER, WORKER, WATCHER),
    /** Mostly what fits the contract's state, by who does such a thing, so that runs get far. */
    isFitting: fc.constantFrom(true, true, true, true, true, false),
    isNatural: fc.boolean(),
    pick: fc.nat(9_999),
    /** Added to the place that is next: 0 nearly always, so that most messages count. */
    back: fc.constantFrom(...Array.from({ length: 40 }, () => 0), 1, 2),
    salt: fc.constantFrom('', '', '', 'x'),
    amount: fc.constantFrom<number[]>(0, 1, 30, 50, 99, 100, 101),
    wait: fc.constantFrom(...Array.from({ length: 40 }, () => 0), 1, 500, 2_000, 4_000, -1),
  }),
)
type Act = typeof ACT extends fc.Arbitrary<infer Value> ? Value : never

/** Who does such a thing, when it does what the protocol says. */
const NATURAL: Readonly<Record<Verb, Did>> = {
  offer: PAYER,
  award: PAYER,
  sign: PAYER,
  hold: PAYER,
  start: WORKER,
  voucher: PAYER,
  beat: WORKER,
  deliver: WORKER,
  accept: PAYER,
  reject: PAYER,
  dispute: WORKER,
  evidence: WORKER,
  rule: WATCHER,
  cancel: PAYER,
  settle: WORKER,
  refund: WORKER,
  withdraw: PAYER,
  proof: WATCHER,
}

const FITTING: Readonly<Record<string, readonly Verb[]>> = {
  none: ['offer'],
  OFFERED: ['award', 'sign'],
  AGREED: ['hold'],
  HELD: ['start', 'start', 'start', 'start', 'cancel', 'proof'],
  WORKING: ['voucher', 'voucher', 'beat', 'deliver', 'deliver', 'deliver', 'cancel', 'proof'],
  DELIVERED: ['accept', 'accept', 'reject', 'reject', 'reject', 'proof'],
  DISPUTED: ['dispute', 'evidence', 'rule', 'rule', 'proof'],
  FROZEN: ['rule', 'proof'],
  CAPTURING: ['settle', 'proof'],
  SETTLED: ['refund', 'refund', 'refund', 'proof'],
}

/** An amount that the contract's state gives a meaning. */
function fittingAmount(books: Books, deal: Deal, { pick, amount }: Act): number {
  const state = contractOf(books.state, deal.id)
  const voucher = state !== undefined && 'voucher' in state ? Number(state.voucher.amountNanos) : 0
  const claim = state !== undefined && 'delivery' in state ? Number(state.delivery.claimNanos) : 100
  const conceded = state?.kind === 'DISPUTED' ? Number(state.rejection.concededNanos) : voucher
  const amounts = [voucher, claim, conceded, Math.floor((conceded + claim) / 2), 100, amount]
  return amounts[Math.floor(pick / 10) % amounts.length] ?? amount
}

/** The act, or one that fits where the contract stands. */
function fitted(books: Books, deal: Deal, act: Act): Act {
  if (!act.isFitting) return act
  const state = contractOf(books.state, deal.id)
  if (state?.kind === 'WORKING' && state.beatBy === undefined && act.pick % 2 === 0) {
    return { ...act, verb: 'cancel', isNatural: true, salt: 'x', amount: Number(state.voucher.amountNanos) }
  }
  const verbs = FITTING[state?.kind ?? 'none'] ?? []
  const verb = verbs[act.pick % Math.max(1, verbs.length)] ?? act.verb
  return { ...act, verb, isNatural: true, amount: fittingAmount(books, deal, act) }
}

function bodyOf(books: Books, deal: Deal, { verb, amount, iss, salt }: Act): Body {
  const sum = nanos(amount)
  const state = contractOf(books.state, deal.id)
  const [meter, hash] = [hashNamed('meter'), hashNamed(`piece ${amount}`)]
  switch (verb) {
    case 'offer':
      return { type: 'offered', expiresAt: at(90_000) }
    case 'award':
      return { type: 'awarded' }
    case 'sign':
      return { type: 'contract-signed', signers: [PAYER, WORKER] }
    case 'hold':
      return { type: 'hold-requested' }
    case 'start':
      return { type: 'started' }
    case 'voucher':
      return { type: 'voucher-signed', number: 1 + (amount % 7), amountNanos: sum, meter, signers: [WORKER, PAYER] }
    case 'beat':
      return { type: 'beat-sent', meter }
    case 'deliver':
      return { type: 'delivered', result: hash, manifest: hash, meter, verdict: hash, claimNanos: sum }
    case 'accept':
      return { type: 'accepted', amountNanos: sum }
    case 'reject':
      return { type: 'rejected', reason: 'wrong', evidence: hash, concededNanos: sum }
    case 'dispute':
      return { type: 'disputed', evidence: hash, claimNanos: sum }
    case 'evidence':
      return { type: 'evidence-added', hash }
    case 'rule': {
      const disputed = state?.kind === 'DISPUTED' ? evidenceRootOf(deal.id, state.evidence) : hash
      const evidenceRoot = state?.kind === 'FROZEN' ? state.evidenceRoot : disputed
      return { type: 'ruled', evidenceRoot, workerNanos: sum, signers: ARBITERS.slice(0, 2) }
    }
    case 'cancel':
      return { type: 'cancelled', amountNanos: sum, signers: salt === 'x' ? [iss] : [PAYER, WORKER] }
    case 'settle':
      return { type: 'settle-requested' }
    case 'refund':
      return { type: 'refund-requested', amountNanos: sum }
    case 'withdraw':
      return { type: 'withdrawn' }
    case 'proof':
      return {
        type: 'equivocation-proved',
        culprit: amount < 50 ? PAYER : WORKER,
        culpritSeq: 0,
        first: meter,
        second: hash,
      }
  }
}

/** Taken by any run of the first property. */
const TAKEN = new Map<string, number>()

type Funds = { readonly payer: number; readonly worker: number }

/** Enough for all, for some, for a price and no dispute bond, for nothing; a worker that cannot pay back its fee. */
const FUNDS = fc.constantFrom<Funds[]>(
  { payer: 1_000, worker: 60 },
  { payer: 230, worker: 60 },
  { payer: 125, worker: 60 },
  { payer: 0, worker: 60 },
  { payer: 1_000, worker: 0 },
)

class Run {
  readonly books: Books
  readonly updates = new Map<string, number>()
  #now = 0
  #seqs = new Map<string, number>()

  constructor({ payer, worker }: Funds) {
    this.books = new Books({
      funds: [
        [PAYER, payer],
        [WORKER, worker],
      ],
    })
  }

  act(wild: Act): void {
    const deal = DEALS[wild.deal]
    if (deal === undefined) return
    if (wild.wait !== 0) this.#wait(wild.wait)
    const act = fitted(this.books, deal, wild)
    const iss = act.isNatural ? NATURAL[act.verb] : act.iss
    const key = `${deal.id}/${iss}`
    const next = this.#seqs.get(key) ?? 0
    const seq = Math.max(0, next - act.back)
    const before = this.books.state
    const sent = message(bodyOf(this.books, deal, act), { iss, seq, at: at(this.#now), salt: act.salt })
    const effects = this.books.receive(deal, sent)
    this.#seqs.set(key, Math.max(next, seq + 1))
    this.judge(effects)
    if (effects.some(({ type }) => type === 'event-refused' || type === 'event-exists'))
      expect(this.books.state).toBe(before)
  }

  /** To one tick before the next timer, to it, or some time on. */
  #wait(wait: number): void {
    const firing = nextFiringOf(this.books.state)
    const to = wait === 1 || wait === -1 ? (firing ?? START) - START + (wait === 1 ? 0 : wait) : this.#now + wait
    if (to <= this.#now || to > this.#now + 11_000) return
    this.#now = to
    if (wait < 2_000) this.judge(this.books.advance(to))
  }

  judge(effects: readonly BooksEffect[]): void {
    expect(BOOKS_MACHINE.violations(this.books.state)).toEqual([])
    for (const effect of effects) {
      if (effect.type === 'record-transition') TAKEN.set(effect.edge, (TAKEN.get(effect.edge) ?? 0) + 1)
      if (effect.type === 'reputation-update')
        this.updates.set(effect.contract, (this.updates.get(effect.contract) ?? 0) + 1)
    }
  }

  /** Nobody says anything any more. */
  endByTimers(): void {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const firing = nextFiringOf(this.books.state)
      if (firing === undefined) return
      this.judge(this.books.advance(Math.max(this.#now, firing - START)))
    }
  }
}

test('whatever is sent, the books balance, nothing is stuck, and each contract that was held is rated once', () => {
  fc.assert(
    fc.property(fc.array(ACT, { minLength: 1, maxLength: 120, size: 'max' }), FUNDS, (acts, funds) => {
      const run = new Run(funds)
      const wereHeld = new Set<string>()
      for (const act of acts) {
        run.act(act)
        for (const effect of run.books.effects)
          if (effect.type === 'record-transition' && effect.to === 'HELD') wereHeld.add(effect.contract)
      }
      run.endByTimers()
      for (const { id } of DEALS) {
        expect(contractOf(run.books.state, id)).toBeUndefined()
        expect(run.updates.get(id) ?? 0).toBe(wereHeld.has(id) ? 1 : 0)
      }
      const { books } = run
      expect([books.balance(PAYER, 'held'), books.balance(WORKER, 'held')]).toEqual([0n, 0n])
      const everything = [PAYER, WORKER].map((owner) => books.balance(owner, 'available'))
      const earned = [books.balance(NOTARY, 'fee'), ...ARBITERS.map((owner) => books.balance(owner, 'arbiter'))]
      expect([...everything, ...earned].reduce((sum, balance) => sum + balance, 0n)).toBe(
        BigInt(funds.payer + funds.worker),
      )
    }),
    { numRuns: 500, seed: 7 },
  )
})

test('replay and a snapshot in the middle give the same books', () => {
  fc.assert(
    fc.property(fc.array(ACT, { minLength: 10, maxLength: 120, size: 'max' }), (acts) => {
      const run = new Run({ payer: 1_000, worker: 60 })
      for (const act of acts) run.act(act)
      const { events, state } = run.books
      const half = Math.floor(events.length / 2)
      let replayed = BOOKS_MACHINE.initial({ at: START, set: state.set })
      for (const [index, event] of events.entries()) {
        const copy = parseBooksEvent(JSON.parse(formatBooksEvent(event)))
        expect(copy).toEqual(event)
        if (copy === undefined) return
        if (index === half) {
          const loaded = parseBooksState(JSON.parse(formatBooksState(replayed)))
          expect(loaded && BOOKS_MACHINE.violations(loaded)).toEqual([])
          replayed = loaded ?? replayed
        }
        replayed = BOOKS_MACHINE.transition(replayed, copy).state
      }
      expect(formatBooksState(replayed)).toBe(formatBooksState(state))
      expect(nextFiringOf(replayed)).toBe(nextFiringOf(state))
    }),
    { numRuns: 60, seed: 11 },
  )
})

/** Edges that need the ledger to be silent, or to refuse what is held: the books' ledger answers at once and never refuses it. */
const SILENT = [
  'hold-late',
  'hold-expired-late',
  'dispute-retry',
  'capture-refused',
  'capture-retry',
  'ask-settle',
  'capturing-equivocation',
  'refund-last',
  'refund-retry',
  'agreement-equivocation',
]

test('the runs take every edge that a ledger that answers leaves', () => {
  expect(ESCROW_EDGES.map(({ name }) => name).filter((name) => !TAKEN.has(name) && !SILENT.includes(name))).toEqual([])
})

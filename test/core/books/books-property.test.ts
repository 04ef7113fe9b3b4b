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
import { isTerminal } from '../../../src/core/escrow/escrow-state.ts'
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

/** Weighted by repetition, so that runs get far. */
const VERBS = [
  'offer',
  'award',
  'sign',
  'hold',
  'hold',
  'start',
  'start',
  'voucher',
  'beat',
  'deliver',
  'deliver',
  'accept',
  'reject',
  'reject',
  'dispute',
  'evidence',
  'rule',
  'rule',
  'cancel',
  'settle',
  'refund',
  'withdraw',
  'proof',
] as const
type Verb = (typeof VERBS)[number]

const ACT = fc.record({
  deal: fc.nat(DEALS.length - 1),
  verb: fc.constantFrom(...VERBS),
  iss: fc.constantFrom<Did[]>(PAYER, PAYER, WORKER, WORKER, WATCHER),
  isNatural: fc.boolean(),
  /** Added to the place that is next: 0 nearly always, so that most messages count. */
  back: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2),
  salt: fc.constantFrom('', '', '', 'x'),
  amount: fc.constantFrom(0, 1, 30, 50, 99, 100, 101),
  wait: fc.constantFrom(0, 0, 0, 0, 1, 500, 2_000, -1),
})
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

function bodyOf(books: Books, deal: Deal, { verb, amount, iss, salt }: Act): Body {
  const sum = nanos(amount)
  const state = contractOf(books.state, deal.id)
  const [meter, hash] = [hashNamed('meter'), hashNamed(`piece ${amount}`)]
  switch (verb) {
    case 'offer':
      return { type: 'offered', expiresAt: at(50_000) }
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
      const evidenceRoot =
        state?.kind === 'FROZEN'
          ? state.evidenceRoot
          : state?.kind === 'DISPUTED'
            ? evidenceRootOf(deal.id, state.evidence)
            : hash
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

class Run {
  readonly books: Books
  readonly updates = new Map<string, number>()
  #now = 0
  #seqs = new Map<string, number>()

  constructor(funds: number) {
    this.books = new Books({
      funds: [
        [PAYER, funds],
        [WORKER, 60],
      ],
    })
  }

  act(act: Act): void {
    const deal = DEALS[act.deal]
    if (deal === undefined) return
    if (act.wait !== 0) this.#wait(act.wait)
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
    if (to <= this.#now) return
    this.#now = to
    if (wait !== 2_000) this.judge(this.books.advance(to))
  }

  judge(effects: readonly BooksEffect[]): void {
    expect(BOOKS_MACHINE.violations(this.books.state)).toEqual([])
    for (const effect of effects) {
      if (effect.type === 'reputation-update')
        this.updates.set(effect.contract, (this.updates.get(effect.contract) ?? 0) + 1)
    }
  }

  /** Nobody says anything any more. */
  endByTimers(): void {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const firing = nextFiringOf(this.books.state)
      if (firing === undefined || DEALS.every(({ id }) => this.#hasEnded(id))) return
      this.judge(this.books.advance(Math.max(this.#now, firing - START)))
    }
  }

  #hasEnded(id: ContractId): boolean {
    const state = contractOf(this.books.state, id)
    return state === undefined || isTerminal(state)
  }
}

test('whatever is sent, the books balance, nothing is stuck, and each contract that was held is rated once', () => {
  fc.assert(
    fc.property(fc.array(ACT, { minLength: 1, maxLength: 60 }), fc.constantFrom(0, 130, 1_000), (acts, funds) => {
      const run = new Run(funds)
      const wereHeld = new Set<string>()
      for (const act of acts) {
        run.act(act)
        for (const effect of run.books.effects)
          if (effect.type === 'record-transition' && effect.to === 'HELD') wereHeld.add(effect.contract)
      }
      run.endByTimers()
      for (const { id } of DEALS) {
        const state = contractOf(run.books.state, id)
        expect(state === undefined || isTerminal(state)).toBe(true)
        expect(run.updates.get(id) ?? 0).toBe(wereHeld.has(id) ? 1 : 0)
      }
      const { books } = run
      expect([books.balance(PAYER, 'held'), books.balance(WORKER, 'held')]).toEqual([0n, 0n])
      const everything = [PAYER, WORKER].map((owner) => books.balance(owner, 'available'))
      const earned = [books.balance(NOTARY, 'fee'), ...ARBITERS.map((owner) => books.balance(owner, 'arbiter'))]
      expect([...everything, ...earned].reduce((sum, balance) => sum + balance, 0n)).toBe(BigInt(funds + 60))
    }),
    { numRuns: 400, seed: 7 },
  )
})

test('replay and a snapshot in the middle give the same books', () => {
  fc.assert(
    fc.property(fc.array(ACT, { minLength: 10, maxLength: 60 }), (acts) => {
      const run = new Run(1_000)
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

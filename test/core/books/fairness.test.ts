import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contractOf, nextFiringOf } from '../../../src/core/books/books-machine.ts'
import type { EscrowState } from '../../../src/core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { evidenceRootOf } from '../../../src/core/escrow/evidence-root.ts'
import { lossBound } from '../../../src/core/escrow/loss-bound.ts'
import {
  ARBITERS,
  type Body,
  PAYER,
  START,
  WATCHER,
  WORKER,
  contractNamed,
  hashNamed,
  nanos,
  notaryTerms,
  termsOf,
} from '../escrow/escrow-builder.ts'
import { Books } from './books-builder.ts'

const ID = contractNamed('contract')
const FUNDS = 1_000
const [meter, piece] = [hashNamed('meter'), hashNamed('piece')]

const TERMS: readonly EscrowTerms[] = [
  termsOf(),
  notaryTerms(),
  termsOf({ fallbackPerMillion: 300_000 }),
  notaryTerms({ fallbackPerMillion: 700_000 }),
]

const MOVES = [
  'voucher',
  'accept',
  'reject',
  'cancel',
  'lie',
  'silence',
  'deliver',
  'evidence',
  'beat',
  'start',
] as const

/** What the other side does when it is its turn; anything, or nothing. */
const MOVE = fc.noBias(
  fc.record({
    move: fc.constantFrom(...MOVES),
    amount: fc.constantFrom(0, 20, 40, 60, 99, 100),
    isRuled: fc.boolean(),
  }),
)
type Move = typeof MOVE extends fc.Arbitrary<infer Value> ? Value : never

class Game {
  readonly books = new Books({
    funds: [
      [PAYER, FUNDS],
      [WORKER, FUNDS],
    ],
  })
  readonly terms: EscrowTerms
  now = 0
  voucher = 0

  constructor(terms: EscrowTerms) {
    this.terms = terms
    this.say(PAYER, { type: 'offered', expiresAt: (START + 60_000) as typeof START })
    this.say(PAYER, { type: 'awarded' })
    this.say(PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] })
    this.say(PAYER, { type: 'hold-requested' })
  }

  get state(): EscrowState {
    const state = contractOf(this.books.state, ID)
    if (state === undefined) throw new TypeError('no contract')
    return state
  }

  say(iss: typeof PAYER, body: Body): void {
    this.books.say({ id: ID, terms: this.terms }, { iss, body, at: this.now })
  }

  /** Time passes to the next timer. */
  wait(): void {
    const firing = nextFiringOf(this.books.state)
    if (firing === undefined) return
    this.now = firing - START
    this.books.advance(this.now)
  }

  /** Right arbiters: they find for the honest side, or say nothing. */
  rule(workerNanos: number): void {
    const { state } = this
    if (state.kind !== 'DISPUTED' && state.kind !== 'FROZEN') return
    const evidenceRoot = state.kind === 'FROZEN' ? state.evidenceRoot : evidenceRootOf(ID, state.evidence)
    this.say(WATCHER, { type: 'ruled', evidenceRoot, workerNanos: nanos(workerNanos), signers: ARBITERS.slice(0, 2) })
  }

  lie(culprit: typeof PAYER): void {
    this.say(WATCHER, { type: 'equivocation-proved', culprit, culpritSeq: 0, first: meter, second: piece })
  }

  cosign(amount: number): void {
    const before = this.voucher
    if (this.state.kind !== 'WORKING' || amount < before) return
    this.say(PAYER, {
      type: 'voucher-signed',
      number: this.state.voucher.number + 1,
      amountNanos: nanos(amount),
      meter,
      signers: [PAYER, WORKER],
    })
    this.voucher = amount
  }

  gainOf(owner: typeof PAYER): number {
    return Number(this.books.balance(owner, 'available')) - FUNDS
  }

  get isOver(): boolean {
    return ['VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED', 'SETTLED'].includes(this.state.kind)
  }
}

/** Good work, for the whole price. */
function deliverAll(game: Game): void {
  const { kind } = game.state
  if (kind !== 'WORKING' && kind !== 'FROZEN') return
  const content = { result: piece, manifest: piece, meter, verdict: piece }
  game.say(WORKER, { type: 'delivered', ...content, claimNanos: nanos(100) })
}

/** The payer does anything; the worker starts, delivers good work for the whole price, insists, and never lies. */
function playPayer(game: Game, moves: readonly Move[]): void {
  game.say(WORKER, { type: 'started' })
  for (const { move, amount, isRuled } of moves) {
    const { kind } = game.state
    if (game.isOver) return
    if (move === 'voucher') game.cosign(amount)
    else if (move === 'accept') game.say(PAYER, { type: 'accepted', amountNanos: nanos(amount) })
    else if (move === 'reject')
      game.say(PAYER, { type: 'rejected', reason: 'no', evidence: piece, concededNanos: nanos(amount) })
    else if (move === 'cancel') game.say(PAYER, { type: 'cancelled', amountNanos: nanos(amount), signers: [PAYER] })
    else if (move === 'lie') game.lie(PAYER)
    else if (move === 'deliver') deliverAll(game)
    else if (kind === 'DISPUTED' || kind === 'FROZEN') {
      // What a lie of the payer froze is delivered before its time is over.
      deliverAll(game)
      if (isRuled) game.rule(100)
      else game.wait()
    } else if (kind !== 'WORKING') game.wait()
  }
}

test('an honest worker never ends further below its claim than B(contract)', () => {
  const gaps = new Set<number>()
  fc.assert(
    fc.property(fc.constantFrom(...TERMS), fc.array(MOVE, { maxLength: 12, size: 'max' }), (terms, moves) => {
      const game = new Game(terms)
      playPayer(game, moves)
      // Whatever the payer leaves open, the worker delivers within its time, and then timers end it.
      deliverAll(game)
      while (!game.isOver) game.wait()
      // The fee is agreed to, and no loss.
      const fee = 'feeNanos' in game.state ? Number(game.state.feeNanos) : 0
      const loss = 100 - fee - game.gainOf(WORKER)
      gaps.add(loss)
      expect(loss).toBeLessThanOrEqual(Number(lossBound(terms, 'worker', nanos(game.voucher))))
    }),
    { numRuns: 1_500, seed: 3 },
  )
  expect(gaps.size).toBeGreaterThan(5)
})

/** The worker does anything; the payer rejects what it gets at the last voucher, which is right, and never lies. */
function playWorker(game: Game, moves: readonly Move[]): void {
  for (const { move, amount, isRuled } of moves) {
    if (game.isOver) return
    const { kind } = game.state
    if (move === 'start') game.say(WORKER, { type: 'started' })
    else if (move === 'voucher') game.cosign(amount)
    else if (move === 'beat') game.say(WORKER, { type: 'beat-sent', meter })
    else if (move === 'deliver')
      game.say(WORKER, {
        type: 'delivered',
        result: piece,
        manifest: piece,
        meter,
        verdict: piece,
        claimNanos: nanos(amount),
      })
    else if (move === 'evidence')
      game.say(WORKER, { type: 'disputed', evidence: hashNamed(`${amount}`), claimNanos: nanos(amount) })
    else if (move === 'lie') game.lie(WORKER)
    else if (kind === 'DELIVERED')
      game.say(PAYER, { type: 'rejected', reason: 'no', evidence: piece, concededNanos: nanos(game.voucher) })
    else if ((kind === 'DISPUTED' || kind === 'FROZEN') && isRuled) game.rule(game.voucher)
    else game.wait()
  }
}

test('an honest payer never pays more above what it vouched for than B(contract)', () => {
  const losses = new Set<number>()
  fc.assert(
    fc.property(fc.constantFrom(...TERMS), fc.array(MOVE, { maxLength: 14, size: 'max' }), (terms, moves) => {
      const game = new Game(terms)
      playWorker(game, moves)
      const { state } = game
      if (state.kind === 'DELIVERED' && state.delivery.claimNanos > state.voucher.amountNanos) {
        game.say(PAYER, { type: 'rejected', reason: 'no', evidence: piece, concededNanos: nanos(game.voucher) })
      }
      while (!game.isOver) game.wait()
      const loss = -game.gainOf(PAYER) - game.voucher
      losses.add(loss)
      expect(loss).toBeLessThanOrEqual(Number(lossBound(terms, 'payer', nanos(game.voucher))))
    }),
    { numRuns: 3_000, seed: 5 },
  )
  // What arbiters cost, and the share of the fallback: both are reached.
  expect(losses).toContain(8)
  expect(losses).toContain(70)
})

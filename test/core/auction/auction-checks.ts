import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import {
  formatAuctionValue,
  parseAuctionEvent,
  parseAuctionReceipt,
  parseAuctionState,
  parseAuctionTranscript,
} from '../../../src/core/auction/auction-codec.ts'
import type { AuctionTranscript } from '../../../src/core/auction/auction-record.ts'
import type { Bid } from '../../../src/core/auction/commitment.ts'
import { depositId } from '../../../src/core/auction/deposits.ts'
import type { AuctionOutcome, BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import { verifyTranscript } from '../../../src/core/auction/verify-transcript.ts'
import {
  AuctionWorld,
  CALL,
  ENGLISH_CALL,
  bidOf,
  didOf,
  given,
  hashOf,
  refusalOf,
  saltOf,
  textOf,
} from './auction-world.ts'
import type { AuctionMachine } from './auction-world.ts'

const BIDDERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] as const

export type PlannedBid = {
  readonly name: string
  readonly bid: Bid
  readonly standing: BidderStanding
  readonly isRevealed: boolean
}
export type Plan = {
  readonly call: AuctionCall
  readonly bids: readonly PlannedBid[]
  readonly seed: readonly number[]
}

/** Few different prices, so that ties are frequent. */
const BID: fc.Arbitrary<Omit<PlannedBid, 'name'>> = fc.record({
  bid: fc
    .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 3 }))
    .map(([price, latency]) => bidOf(price, latency)),
  standing: fc.record({
    capabilities: fc.constant([]),
    reputationPpm: fc.constantFrom(400_000, 500_000, 500_001),
    isNewcomer: fc.boolean(),
  }),
  isRevealed: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
})

const SEALED_CALL: fc.Arbitrary<AuctionCall> = fc
  .record({
    kind: fc.constantFrom('first' as const, 'second' as const),
    reserve: fc.integer({ min: 1, max: 12 }),
    exposure: fc.integer({ min: 1, max: 14 }),
    deposit: fc.integer({ min: 0, max: 3 }),
    price: fc.integer({ min: 1, max: 3 }),
    latency: fc.integer({ min: 0, max: 2 }),
    reputation: fc.integer({ min: 0, max: 1 }),
    hasNotary: fc.boolean(),
  })
  .map(({ kind, reserve, exposure, deposit, hasNotary, ...weights }) => ({
    ...CALL,
    kind,
    reservePriceNanos: amountFromNanos(BigInt(reserve)),
    depositNanos: amountFromNanos(BigInt(deposit)),
    filter: { ...CALL.filter, newcomerExposureNanos: amountFromNanos(BigInt(exposure)) },
    latencyMsMax: bidOf(0, 2).latencyMs,
    weights,
    notarySet: hasNotary ? CALL.notarySet : undefined,
  }))

export const PLAN: fc.Arbitrary<Plan> = fc.record({
  call: SEALED_CALL,
  bids: fc
    .array(BID, { maxLength: BIDDERS.length })
    .map((bids) => bids.map((bid, at): PlannedBid => ({ name: BIDDERS[at] ?? 'alice', ...bid }))),
  seed: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
})

/** The same set in an order that `keys` choose. */
function shuffled<Value>(values: readonly Value[], keys: readonly number[]): readonly Value[] {
  return values
    .map((value, at) => ({ value, key: keys[at] ?? 0 }))
    .toSorted((left, right) => left.key - right.key)
    .map(({ value }) => value)
}

/** Plays a sealed auction; commitments and reveals come in the order that `keys` choose. */
export function playSealed(machine: AuctionMachine, { call, bids }: Plan, keys: readonly number[]): AuctionWorld {
  const world = new AuctionWorld(call, machine)
  world.publish()
  let at = 1000
  for (const { name, bid, standing } of shuffled(bids, keys)) {
    world.commit(name, bid, at, standing)
    if (call.depositNanos > 0n) world.answerDeposit(name, true, at)
    at += 1
  }
  world.fire('commit', 2000)
  at = 2000
  for (const { name, bid, isRevealed } of shuffled(bids, keys.toReversed())) {
    if (isRevealed) world.reveal(name, bid, at)
    at += 1
  }
  if (call.notarySet !== undefined) world.beacon('beacon', at)
  world.fire('reveal', 3000)
  return world
}

/** What must hold of the machine; each returns what is wrong. */
type Check = (machine: AuctionMachine, plan: Plan) => string | undefined

/** The winner written down a second time, the long way: every price is tried. */
function expectedOutcome({ call, bids }: Plan, world: AuctionWorld): AuctionOutcome {
  if (bids.length === 0) return { kind: 'not-awarded', reason: 'no-bids' }
  const shown = bids.filter(({ isRevealed }) => isRevealed)
  if (shown.length === 0) return { kind: 'not-awarded', reason: 'all-unrevealed' }
  const boundOf = ({ standing }: PlannedBid): bigint => {
    const caps = [call.reservePriceNanos, ...(standing.isNewcomer ? [call.filter.newcomerExposureNanos] : [])]
    return caps.reduce((least, cap) => (cap < least ? cap : least))
  }
  const costAt = (bid: PlannedBid, price: bigint): bigint =>
    BigInt(call.weights.price) * price +
    BigInt(call.weights.latency * bid.bid.latencyMs) +
    BigInt(call.weights.reputation * (1_000_000 - bid.standing.reputationPpm))
  const able = shown.filter((bid) => bid.bid.priceNanos <= boundOf(bid) && bid.bid.latencyMs <= call.latencyMsMax)
  if (able.length === 0) {
    const isReserve = shown.some(({ bid }) => bid.priceNanos > call.reservePriceNanos)
    return { kind: 'not-awarded', reason: isReserve ? 'reserve-not-met' : 'limits-not-met' }
  }
  const winner = able.reduce((best, bid) => {
    const difference = costAt(best, best.bid.priceNanos) - costAt(bid, bid.bid.priceNanos)
    if (difference !== 0n) return difference > 0n ? bid : best
    return tieOf(world, bid) < tieOf(world, best) ? bid : best
  })
  const rivals = able.filter((bid) => bid !== winner)
  let clearing = winner.bid.priceNanos
  if (call.kind === 'second') {
    for (let price: bigint = clearing; price <= boundOf(winner); price += 1n) {
      if (rivals.every((rival) => costAt(winner, price) <= costAt(rival, rival.bid.priceNanos))) {
        clearing = amountFromNanos(price)
      }
    }
  }
  return { kind: 'awarded', winner: didOf(winner.name), clearingNanos: clearing }
}

/** The place among equals, spelled out with the platform's own hash in `commitment.test.ts`. */
function tieOf(world: AuctionWorld, { name, bid }: PlannedBid): string {
  const commitment = world.commitmentOf(name, bid)
  return world.call.notarySet === undefined ? commitment : tieKeyByHand(hashOf('beacon'), commitment)
}

function tieKeyByHand(beacon: string, commitment: string): string {
  const part = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const parts = [Buffer.from('kernell/auction/tie/v1'), Buffer.from(beacon, 'hex'), Buffer.from(commitment, 'hex')]
  return createHash('sha256')
    .update(Buffer.concat(parts.map(part)))
    .digest('hex')
}

const sameText = (left: unknown, right: unknown): boolean => textOf(left) === textOf(right)

const CHECKS: Readonly<Record<string, Check>> = {
  'the outcome is the expected one': (machine, plan) => {
    const world = playSealed(machine, plan, plan.seed)
    return sameText(world.transcript.outcome, expectedOutcome(plan, world)) ? undefined : 'another outcome'
  },
  'the order of arrival does not matter': (machine, plan) => {
    const one = playSealed(machine, plan, plan.seed)
    const other = playSealed(machine, plan, plan.seed.toReversed())
    const parts = (world: AuctionWorld): unknown => [
      world.transcript.outcome,
      world.commitments,
      verifyTranscript(world.transcript).bids,
      ordersOf(world),
    ]
    return sameText(parts(one), parts(other)) ? undefined : 'another order, another outcome'
  },
  'a third party comes to the same': (machine, plan) => {
    const world = playSealed(machine, plan, plan.seed)
    const published = canonicalJson(formatAuctionValue(world.transcript))
    const read = given(parseAuctionTranscript(JSON.parse(published)))
    const { receipts, commitments } = world
    const checkpoint = plan.call.notarySet === undefined ? {} : { checkpoint: hashOf('beacon') }
    const verdict = verifyTranscript(read, { receipts, commitments, ...checkpoint })
    if (!verdict.ok) return `an honest transcript is refused: ${textOf(verdict.problems)}`
    const { outcome } = world.transcript
    return verdict.winner === (outcome.kind === 'awarded' ? outcome.winner : undefined) ? undefined : 'another winner'
  },
  'deposits conserve money': (machine, plan) => findMoneyFault(playSealed(machine, plan, plan.seed), plan),
  'state, events and receipts survive their JSON': (machine, plan) => {
    const world = playSealed(machine, plan, plan.seed)
    const isKept = (value: Parameters<typeof formatAuctionValue>[0], parse: (json: unknown) => unknown): boolean =>
      sameText(parse(JSON.parse(canonicalJson(formatAuctionValue(value)))), value)
    if (!isKept(world.state, parseAuctionState)) return 'the state differs'
    if (!world.receipts.every((receipt) => isKept(receipt, parseAuctionReceipt))) return 'a receipt differs'
    return world.events.every((event) => isKept(event, parseAuctionEvent)) ? undefined : 'an event differs'
  },
  'a lie in the transcript is found': (machine, plan) => {
    const world = playSealed(machine, plan, plan.seed)
    const { receipts, commitments, transcript } = world
    const checkpoint = plan.call.notarySet === undefined ? {} : { checkpoint: hashOf('beacon') }
    for (const lie of liesAbout(transcript, plan.seed[0] ?? 0)) {
      if (sameText(lie, transcript)) continue
      // A liar who recomputes the outcome for its altered bids is found too.
      const { winner, clearingNanos } = verifyTranscript(lie)
      const told: AuctionTranscript =
        winner === undefined || clearingNanos === undefined
          ? lie
          : { ...lie, outcome: { kind: 'awarded', winner, clearingNanos } }
      if (verifyTranscript(told, { receipts, commitments, ...checkpoint }).ok && !sameText(told, transcript)) {
        return `a lie passes: ${textOf(told)}`
      }
    }
    return undefined
  },
}

/** Ways to lie about a bid. */
function liesAbout(transcript: AuctionTranscript, draw: number): readonly AuctionTranscript[] {
  const { entries } = transcript
  const at = entries.length === 0 ? 0 : draw % entries.length
  const victim = entries[at]
  if (victim === undefined) return []
  const change = (entry: Partial<typeof victim>): AuctionTranscript => ({
    ...transcript,
    entries: entries.map((other) => (other === victim ? { ...victim, ...entry } : other)),
  })
  return [
    { ...transcript, entries: entries.filter((entry) => entry !== victim) },
    change({ reveal: undefined }),
    change({ reveal: victim.reveal && { ...victim.reveal, bid: bidOf(11, 0) } }),
    change({ at: CALL.opensAt }),
    change({ standing: { ...victim.standing, reputationPpm: 1 } }),
    change({ commitment: hashOf('another') }),
    change({ bidder: didOf('shill') }),
  ]
}

function ordersOf(world: AuctionWorld): readonly string[] {
  return world.effects
    .flatMap((effect) => (effect.type === 'post-transfers' ? effect.orders : []))
    .map(textOf)
    .toSorted()
}

/** Sums the orders by hand: each deposit but the winner's is held once and ends once, back at its owner or, unrevealed, at who gets lost ones. */
function findMoneyFault(world: AuctionWorld, { call, bids }: Plan): string | undefined {
  const held = new Map<string, bigint>()
  let lost = 0n
  for (const effect of world.effects) {
    if (effect.type !== 'post-transfers') continue
    for (const order of effect.orders) {
      if (order.kind === 'hold') {
        if (held.has(order.id)) return 'held twice'
        held.set(order.id, order.amount)
        continue
      }
      if (order.kind === 'post') return 'money moves that was not held'
      const amount = held.get(order.heldId)
      if (amount === undefined) return 'ended twice, or never held'
      held.delete(order.heldId)
      if (order.kind === 'post-held') {
        if (order.amount !== amount) return 'not the whole deposit is lost'
        lost += amount
      }
    }
  }
  const { state } = world
  const winner = state.kind === 'closed' && state.outcome.kind === 'awarded' ? state.outcome.winner : undefined
  const own = 'entries' in state ? state.entries.find(({ bidder }) => bidder === winner) : undefined
  // It ends by the contract, not by the auction.
  if (own?.deposit === 'held' && !held.delete(depositId('hold', world.auction, own)))
    return 'the deposit of the winner ends before it has signed'
  if (held.size > 0) return 'a deposit never ends'
  const unrevealed = bids.filter(({ isRevealed }) => !isRevealed)
  if (lost !== BigInt(unrevealed.length) * call.depositNanos)
    return 'who did not reveal keeps the deposit, or who did loses it'
  const lostIds = unrevealed.map(({ name }) =>
    depositId('hold', world.auction, { bidder: didOf(name), envelope: hashOf(`commit ${name}`) }),
  )
  const orders = world.effects.flatMap((effect) => (effect.type === 'post-transfers' ? effect.orders : []))
  const isRight = orders.every((order) => order.kind !== 'post-held' || lostIds.includes(order.heldId))
  return isRight ? undefined : 'the wrong deposit is lost'
}

/** Single cases: each returns what is wrong. */
const CASES: Readonly<Record<string, (machine: AuctionMachine) => string | undefined>> = {
  'a commitment counts below the deadline only': (machine) =>
    atEdges([1999, 2000, 2001], ['taken', 'AUCTION_LATE', 'AUCTION_LATE'], (at) => {
      const world = opened(machine)
      return world.commit('alice', bidOf(40), at)
    }),
  'a commitment counts from the opening on': (machine) =>
    atEdges([999, 1000, 1001], ['AUCTION_NOT_OPEN', 'taken', 'taken'], (at) =>
      opened(machine).commit('alice', bidOf(40), at),
    ),
  'a call can be cancelled below the deadline only': (machine) =>
    atEdges([1999, 2000, 2001], ['taken', 'AUCTION_CANCEL_LATE', 'AUCTION_CANCEL_LATE'], (at) =>
      opened(machine).cancel('buyer', at),
    ),
  'a deposit is held below the deadline only': (machine) => {
    for (const [at, isTaken] of [
      [1999, true],
      [2000, false],
      [2001, false],
    ] as const) {
      const world = opened(machine)
      world.commit('alice', bidOf(40), 1500)
      const [effect] = world.answerDeposit('alice', true, at)
      if ((effect?.type === 'issue-receipt') !== isTaken) return `another answer at ${at}`
    }
    return undefined
  },
  'no receipt leaves before the deposit is held': (machine) => {
    const world = opened(machine)
    const effects = world.commit('alice', bidOf(40), 1500)
    return effects.some(({ type }) => type === 'issue-receipt') ? 'an early receipt' : undefined
  },
  'a reveal counts inside its window only': (machine) =>
    atEdges(
      [1999, 2000, 2001, 2999, 3000, 3001],
      ['AUCTION_REVEAL_EARLY', 'taken', 'taken', 'taken', 'AUCTION_LATE', 'AUCTION_LATE'],
      (at) => {
        const world = opened(machine)
        world.commit('alice', bidOf(40), 1000)
        world.answerDeposit('alice', true, 1000)
        return world.reveal('alice', bidOf(40), at)
      },
    ),
  'a beacon counts below its deadline only': (machine) =>
    atEdges([3499, 3500, 3501], ['taken', 'AUCTION_LATE', 'AUCTION_LATE'], (at) => {
      const world = opened(machine)
      world.fire('commit', 2000)
      world.fire('reveal', 3000)
      return world.beacon('first', at, 2000)
    }),
  'a checkpoint from inside the commit window is no beacon': (machine) =>
    atEdges([1999, 2000, 2001], ['AUCTION_BEACON_EARLY', 'taken', 'taken'], (at) => {
      const world = opened(machine)
      world.fire('commit', 2000)
      return world.beacon('first', 2500, at)
    }),
  'the first beacon counts': (machine) => {
    const world = opened(machine)
    world.fire('commit', 2000)
    world.beacon('first', 2000)
    world.beacon('second', 2001)
    world.fire('reveal', 3000)
    return world.transcript.beacon?.checkpoint === hashOf('first') ? undefined : 'another beacon'
  },
  'timers fire at their instant and not before': (machine) =>
    atEdges([1999, 2000, 2001], ['AUCTION_TIMER_EARLY', 'taken', 'taken'], (at) =>
      opened(machine).fire('commit', at),
    ) ??
    atEdges([2999, 3000, 3001], ['AUCTION_TIMER_EARLY', 'taken', 'taken'], (at) => {
      const world = opened(machine)
      world.fire('commit', 2000)
      return world.fire('reveal', at)
    }) ??
    atEdges([3499, 3500, 3501], ['AUCTION_TIMER_EARLY', 'taken', 'taken'], (at) => {
      const world = opened(machine)
      world.fire('commit', 2000)
      world.fire('reveal', 3000)
      return world.fire('beacon', at)
    }) ??
    atEdges([1999, 2000, 2001], ['AUCTION_TIMER_EARLY', 'taken', 'taken'], (at) =>
      opened(machine, ENGLISH_CALL).fire('bidding', at),
    ),
  'an English bid counts below the end only': (machine) =>
    atEdges([1999, 2000, 2001], ['taken', 'AUCTION_LATE', 'AUCTION_LATE'], (at) =>
      opened(machine, ENGLISH_CALL).placeBid('alice', bidOf(40), at),
    ),
  'an English bid in the last 200 ms moves the end, twice at most': (machine) => {
    for (const [at, expected] of [
      [1799, 2000],
      [1800, 2300],
      [1801, 2300],
    ] as const) {
      const world = opened(machine, ENGLISH_CALL)
      world.placeBid('alice', bidOf(90), at)
      if (world.state.kind !== 'bidding' || world.state.closesAt !== expected) return `another end after a bid at ${at}`
    }
    const world = opened(machine, ENGLISH_CALL)
    for (const [at, price] of [
      [1900, 90],
      [2200, 80],
      [2500, 70],
      [2550, 60],
    ] as const) {
      world.placeBid(at % 200 === 100 ? 'alice' : 'bob', bidOf(price), at)
    }
    return world.state.kind === 'bidding' && world.state.closesAt === 2600 ? undefined : 'another last end'
  },
  'an English bid undercuts by the decrement': (machine) =>
    atEdges([86, 85, 84], ['AUCTION_BID_TOO_HIGH', 'taken', 'taken'], (price) => {
      const world = opened(machine, ENGLISH_CALL)
      world.placeBid('alice', bidOf(90), 1000)
      return world.placeBid('bob', bidOf(price), 1001)
    }),
  'the first commitment of a bidder counts': (machine) => {
    const world = opened(machine)
    world.commit('alice', bidOf(40), 1000)
    const evidence = world.evidence('alice', 1001)
    const commitment = world.commitmentOf('alice', bidOf(30))
    const standing = { capabilities: [], reputationPpm: 1, isNewcomer: false }
    const code = refusalOf(world.apply({ type: 'commitment-received', ...evidence, commitment, standing }))
    return code === 'AUCTION_COMMITMENT_SECOND' ? undefined : 'a second commitment is taken'
  },
  'a copied commitment is of no use': (machine) => {
    const world = opened(machine)
    const commitment = world.commitmentOf('alice', bidOf(40))
    const standing = { capabilities: [], reputationPpm: 1, isNewcomer: false }
    world.apply({ type: 'commitment-received', ...world.evidence('mallory', 1000), commitment, standing })
    world.answerDeposit('mallory', true, 1000)
    world.commit('alice', bidOf(40), 1001)
    world.answerDeposit('alice', true, 1001)
    world.fire('commit', 2000)
    const salt = saltOf('alice')
    const evidence = world.evidence('mallory', 2001)
    const code = refusalOf(world.apply({ type: 'bid-revealed', ...evidence, salt, bid: bidOf(40) }))
    return code === 'AUCTION_REVEAL_ALTERED' ? undefined : 'the copy is revealed'
  },
  'a message of another auction is refused': (machine) => {
    const world = opened(machine)
    const evidence = { ...world.evidence('alice', 1000), auction: hashOf('another auction') }
    const standing = { capabilities: [], reputationPpm: 1, isNewcomer: false }
    const commitment = world.commitmentOf('alice', bidOf(40))
    const code = refusalOf(world.apply({ type: 'commitment-received', ...evidence, commitment, standing }))
    return code === 'AUCTION_OTHER' ? undefined : 'replayed from another auction'
  },
}

function opened(machine: AuctionMachine, call: AuctionCall = CALL): AuctionWorld {
  const world = new AuctionWorld(call, machine)
  world.publish()
  return world
}

/** The codes that come of an event at each of some values. */
function atEdges(
  values: readonly number[],
  expected: readonly string[],
  act: (value: number) => Parameters<typeof refusalOf>[0],
): string | undefined {
  const said = values.map((value) => refusalOf(act(value)) ?? 'taken')
  return said.join() === expected.join() ? undefined : `${values.join()}: ${said.join()}, not ${expected.join()}`
}

export const CASE_NAMES: readonly string[] = Object.keys(CASES)
export const CHECK_NAMES: readonly string[] = Object.keys(CHECKS)

/** What is wrong with a machine in a single case; `undefined` when it is right. A broken invariant is told like a wrong answer. */
export function caseFailure(name: string, machine: AuctionMachine): string | undefined {
  try {
    return given(CASES[name])(machine)
  } catch (error: unknown) {
    return String(error)
  }
}

/** What is wrong with a machine in generated auctions, with the smallest plan that shows it. */
export function checkFailure(
  name: string,
  machine: AuctionMachine,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): string | undefined {
  const check = given(CHECKS[name])
  const said = fc.check(
    fc.property(PLAN, (plan) => {
      const wrong = check(machine, plan)
      if (wrong !== undefined) throw new Error(wrong)
    }),
    { numRuns: runs, seed },
  )
  return said.failed ? `${String(said.errorInstance)} ${textOf(said.counterexample)}` : undefined
}

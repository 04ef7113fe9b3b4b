import { ZERO_AMOUNT } from '../../src/base/money.ts'
import { createRandomStream, type RandomStream, shuffle } from '../../src/base/random-stream.ts'
import { sha256Hex } from '../../src/base/sha256.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { bucketMapGet } from '../../src/core/budget/bucket-map.ts'
import { timerOf } from '../../src/core/disputes/dispute-machine.ts'
import type { DisputeEffect, DisputeEvent, DisputeState } from '../../src/core/disputes/dispute-state.ts'
import { bondOfRound } from '../../src/core/disputes/vote-round.ts'
import { evidenceRootOf } from '../../src/core/escrow/evidence-root.ts'
import type { SettlementCause } from '../../src/core/escrow/escrow-state.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { EIGEN_TRUST_DEFAULTS, ringTrustBound } from '../../src/core/reputation/eigen-trust.ts'
import { epochOf, type ReputationState, standingKey } from '../../src/core/reputation/reputation-state.ts'
import type { ReputationReceipt, ReputationRole } from '../../src/core/reputation/reputation-receipt.ts'
import { STARVED_PPM_DEFAULT } from '../../src/core/reputation/sybil-rings.ts'
import type { TrustEdge } from '../../src/core/reputation/trust-graph.ts'
import {
  appealed,
  ARBITERS,
  committed,
  filed,
  fired,
  PAYER,
  revealed,
  TERMS,
  WORKER,
} from '../core/disputes/dispute-court.ts'
import { didOf, hashOf, POLICY, presented, receiptOf } from '../core/reputation/reputation-market.ts'
import { SOUND_PARTS, STANDING_PLANTS, type StandingParts } from './standing-plants.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from './torture.ts'

/**
 * Each round makes a market, a ring and a dispute from its seed. Books are compared with a plain recount of the receipts, made without the machine; trust with the
 * bound of what flows in; disputes with what was staked.
 */
export const STANDING_TORTURE: Torture = {
  name: 'standing',
  runsDefault: 200,
  plants: Object.fromEntries(Object.entries(STANDING_PLANTS).map(([name, { what }]) => [name, what])),
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const parts: StandingParts = { ...SOUND_PARTS, ...STANDING_PLANTS[init.plant]?.parts }
  const failures: TortureFailure[] = []
  const counts = { receipts: 0, disputes_ended: 0, dispute_events: 0 }
  const seen: string[] = []
  let runs = 0
  for (; runs < init.runs && !isOverdue(init) && failures.length < 10; runs += 1) {
    const seed = init.firstSeed + runs
    const fail = (what: string): void => {
      failures.push({ seed, what })
    }
    counts.receipts += tortureBooks(parts, createRandomStream(seed), fail)
    tortureRing(parts, createRandomStream(seed), fail)
    const dispute = tortureDispute(parts, createRandomStream(seed), fail)
    counts.disputes_ended += dispute.isEnded ? 1 : 0
    counts.dispute_events += dispute.events
    seen.push(dispute.outcome)
  }
  init.log(
    `${runs} rounds, ${counts.receipts} receipts, ${counts.dispute_events} events of disputes, ${failures.length} failures`,
  )
  return await Promise.resolve({
    name: 'standing',
    runs,
    counts: { ...counts, hash: sha256Hex(seen.join('\n')) },
    failures,
  })
}

type Fail = (what: string) => void

const CAUSES: readonly SettlementCause[] = ['accepted', 'expired', 'auto-accepted', 'ruled', 'cancelled']

function drawReceipt(random: RandomStream, name: string): ReputationReceipt {
  const cause = CAUSES[random.nextBelow(CAUSES.length)] ?? 'accepted'
  const fault = cause === 'expired' || (cause === 'ruled' && random.nextBelow(2) === 0) ? 'worker' : 'none'
  return receiptOf({
    name,
    payer: random.nextBelow(4),
    worker: 4 + random.nextBelow(3),
    credits: 1 + random.nextBelow(9),
    payerSource: hashOf(`purse ${random.nextBelow(2)}`),
    cause,
    fault,
    heldAt: timestampFromMs(0),
    endedAt: timestampFromMs(random.nextBelow(5_000)),
    ...(fault === 'worker' && { workerNanos: ZERO_AMOUNT }),
  })
}

/** @returns Receipts that were counted. */
function tortureBooks({ reputation, weigh }: StandingParts, random: RandomStream, fail: Fail): number {
  const receipts = Array.from({ length: 40 }, (_, index) => drawReceipt(random, `n${index}`))
  const repeated = [...receipts, ...receipts.slice(0, 10)]
  let state = reputation.initial({ at: timestampFromMs(0), policy: POLICY })
  for (const receipt of shuffle(repeated, random)) {
    state = reputation.transition(state, presented(receipt, 5_000)).state
    for (const broken of reputation.violations(state)) fail(broken)
  }
  for (let number = 4; number < 7; number += 1) {
    const subject = didOf(number)
    const expected = recount(receipts, subject)
    const counted = rawSums(state, subject, 'worker')
    if (counted !== expected) fail(`${subject} has ${counted}, and its receipts say ${expected}`)
    checkWeights(state, { weigh, subject }, fail)
  }
  return state.contracts.size
}

/** Good and bad of a worker in millionths of a credit, from the receipts alone. */
function recount(receipts: readonly ReputationReceipt[], subject: Did): string {
  let good = 0n
  let bad = 0n
  for (const { worker, cause, fault, heldNanos, workerNanos } of receipts) {
    if (worker !== subject) continue
    if (fault === 'worker') bad += heldNanos / 1_000n
    else if (cause !== 'cancelled') good += workerNanos / 1_000n
  }
  return `${good} ${bad}`
}

function rawSums(state: ReputationState, subject: Did, role: ReputationRole): string {
  let good = 0n
  let bad = 0n
  for (const { epochs } of bucketMapGet(state.standings, standingKey(subject, role))?.ratings.values() ?? []) {
    for (const { goodMicros, badMicros } of epochs) {
      good += goodMicros
      bad += badMicros
    }
  }
  return `${good} ${bad}`
}

type Weighing = { readonly weigh: StandingParts['weigh']; readonly subject: Did }

function checkWeights(state: ReputationState, { weigh, subject }: Weighing, fail: Fail): void {
  const ratings = [...(bucketMapGet(state.standings, standingKey(subject, 'worker'))?.ratings.values() ?? [])]
  const epoch = epochOf(POLICY, state.at)
  const pairs = new Map<string, bigint>()
  let before = 0n
  for (const { rater, goodMicros, badMicros } of weigh(ratings, POLICY, epoch)) {
    pairs.set(rater, (pairs.get(rater) ?? 0n) + goodMicros + badMicros)
    before += goodMicros + badMicros
  }
  // All at one moment, so that nothing is forgotten and the caps are what binds.
  const fresh = ratings.map((rating) => ({
    ...rating,
    epochs: [{ epoch, goodMicros: 50_000_000n, badMicros: 0n, contracts: 1 }],
  }))
  const rated = new Map<string, bigint>()
  for (const { rater, goodMicros } of weigh(fresh, POLICY, epoch))
    rated.set(rater, (rated.get(rater) ?? 0n) + goodMicros)
  for (const sum of [...pairs.values(), ...rated.values()])
    if (sum > POLICY.pairCapMicros) fail('a pair is within its cap')
  let after = 0n
  for (const { goodMicros, badMicros } of weigh(ratings, POLICY, epoch + 3)) after += goodMicros + badMicros
  // Half is left after each epoch, and the caps cut the earlier sum only.
  if (after > before || (before > 8_000n && after === before)) fail('evidence fades')
}

function tortureRing({ trust, rings }: StandingParts, random: RandomStream, fail: Fail): void {
  const edges: TrustEdge[] = []
  const seen = new Set<string>()
  const add = (from: number, to: number, weight: number): void => {
    if (from === to || seen.has(`${from} ${to}`)) return
    seen.add(`${from} ${to}`)
    edges.push({ from: didOf(from), to: didOf(to), weightMicros: BigInt(weight) * 1_000_000n })
  }
  for (let peer = 0; peer < 12; peer += 1) {
    for (let deal = 0; deal < 5; deal += 1) {
      const other = random.nextBelow(12)
      add(peer, other, 2)
      add(other, peer, 2)
    }
  }
  const ring = Array.from({ length: 3 + random.nextBelow(6) }, (_, index) => 100 + index)
  for (const from of ring) for (const to of ring) add(from, to, 10 + random.nextBelow(50))
  add(random.nextBelow(12), 100, 1)
  add(100, 3, 1)
  const members = new Set(ring.map(didOf))
  const preTrusted = [
    { peer: didOf(0), weight: 1n },
    { peer: didOf(1), weight: 1n },
  ]
  const result = trust({ ...EIGEN_TRUST_DEFAULTS, edges, preTrusted })
  if (result.kind === 'refused') {
    fail(result.code)
    return
  }
  let sum = 0n
  for (const member of members) sum += result.units.get(member) ?? 0n
  if (sum > ringTrustBound({ edges, ...EIGEN_TRUST_DEFAULTS }, result, members))
    fail('a ring has no more than flows in')
  const found = rings({ edges, preTrusted: preTrusted.map(({ peer }) => peer), starvedPpm: STARVED_PPM_DEFAULT })
  const isFound =
    found.kind === 'rings' &&
    found.rings.some((one) => one.members.length === members.size && one.inflowMicros <= 1_000_000n)
  if (!isFound) fail('the ring is found, with the one credit that flows in')
}

type DisputeTally = { readonly isEnded: boolean; readonly events: number; readonly outcome: string }

function tortureDispute({ dispute }: StandingParts, random: RandomStream, fail: Fail): DisputeTally {
  let state: DisputeState = dispute.initial({ terms: TERMS, predicate: 'undecided', at: timestampFromMs(0) })
  let at = 0
  let events = 0
  const apply = (event: DisputeEvent): void => {
    const before = state
    const step = dispute.transition(state, event)
    events += 1
    state = step.state
    checkDispute({ before, event, effects: step.effects }, fail)
    for (const broken of dispute.violations(state)) fail(broken)
  }
  for (let count = 0; count < 200 && state.kind !== 'ended'; count += 1) {
    const due = timerOf(state)
    // Time goes a little, or to the very deadline.
    at =
      random.nextBelow(6) === 0
        ? Math.max(at, due.firesAt)
        : Math.max(at, Math.min(due.firesAt, at + random.nextBelow(60)))
    apply(random.nextBelow(4) === 0 ? fired(due.name, at) : drawDisputeEvent(state, random, at))
  }
  for (let count = 0; count < 20 && state.kind !== 'ended'; count += 1) {
    const { name, firesAt } = timerOf(state)
    at = Math.max(at, firesAt)
    apply(fired(name, at))
  }
  if (state.kind !== 'ended') fail('a dispute ends by its timers')
  return {
    isEnded: state.kind === 'ended',
    events,
    outcome: state.kind === 'ended' ? `${state.basis} ${state.ruling?.workerNanos}` : state.kind,
  }
}

function drawDisputeEvent(state: DisputeState, random: RandomStream, at: number): DisputeEvent {
  const round = 'round' in state ? state.round : 0
  const root = 'root' in state ? state.root : evidenceRootOf(TERMS.contract, [])
  const iss = ARBITERS[random.nextBelow(ARBITERS.length)] ?? PAYER
  const vote = { root, round, nanos: [0n, 500n, 500n, 500n, 1_001n][random.nextBelow(5)] ?? 0n, at }
  if (state.kind === 'gathering')
    return filed(random.nextBelow(2) === 0 ? PAYER : WORKER, `piece ${random.nextBelow(9)}`, at)
  if (state.kind === 'committing') return committed(iss, vote)
  if (state.kind === 'revealing') return revealed(iss, vote)
  return appealed(random.nextBelow(2) === 0 ? PAYER : WORKER, 50n << BigInt(round), at)
}

type DisputeLook = {
  readonly before: DisputeState
  readonly event: DisputeEvent
  readonly effects: readonly DisputeEffect[]
}

function checkDispute({ before, event, effects }: DisputeLook, fail: Fail): void {
  const isRefused = effects.some(({ type }) => type === 'event-refused')
  if (event.type === 'vote-revealed' && before.kind === 'revealing' && !isRefused) {
    if (event.at >= before.revealBy) fail('a vote counts before its deadline only')
    const bound = committed(event.iss, {
      root: before.root,
      round: before.round,
      nanos: event.workerNanos,
      at: event.at,
    })
    const given = bound.type === 'vote-committed' ? bound.commitment : undefined
    if (before.commitments.get(event.iss) !== given) fail('a vote is the one that was committed to')
  }
  for (const effect of effects) {
    if (effect.type !== 'bonds-settled' || (before.kind !== 'committing' && before.kind !== 'revealing')) continue
    const staked = bondOfRound(TERMS.arbiterBondNanos, before.round) * BigInt(before.panel.length)
    const paid = effect.payments.reduce((sum, { nanos }) => sum + nanos, 0n)
    if (paid !== staked + (before.appeal?.bondNanos ?? 0n)) fail('bonds are paid out to the last nano-unit')
  }
}

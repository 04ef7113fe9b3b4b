import { canonicalJson } from '../../src/base/canonical-json.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { auctionIdOf } from '../../src/core/auction/auction-call.ts'
import type { AuctionCall } from '../../src/core/auction/auction-call.ts'
import { formatAuctionValue } from '../../src/core/auction/auction-codec.ts'
import { AUCTION_MACHINE, timersOf } from '../../src/core/auction/auction-machine.ts'
import { AUCTION_TIMERS } from '../../src/core/auction/auction-state.ts'
import type { AuctionEffect, AuctionEvent, AuctionState } from '../../src/core/auction/auction-state.ts'
import { commitmentOf } from '../../src/core/auction/commitment.ts'
import type { Evidence } from '../../src/core/evidence/evidence.ts'
import type { Hash } from '../../src/core/evidence/names.ts'
import {
  CALL,
  ENGLISH_CALL,
  NOTARY_SET,
  STANDING,
  bidOf,
  didOf,
  hashOf,
  saltOf,
} from '../core/auction/auction-world.ts'
import type { AuctionMachine } from '../core/auction/auction-world.ts'

export type AuctionExploration = {
  readonly states: number
  readonly edges: number
  /** Refusals that left the very state. */
  readonly refusals: number
  readonly kinds: readonly string[]
  readonly codes: readonly string[]
  /** The whole of the small world was seen. */
  readonly isComplete: boolean
  readonly failures: readonly string[]
}

const STATES_MAX = 200_000
const CALLS: readonly AuctionCall[] = [
  CALL,
  { ...CALL, notarySet: undefined, depositNanos: ENGLISH_CALL.depositNanos },
  ENGLISH_CALL,
]
/** Around every deadline of the sealed calls, and of the English one with its extensions. */
const SEALED_STAMPS = [999, 1000, 1999, 2000, 2999, 3000, 3499, 3500]
const ENGLISH_STAMPS = [999, 1000, 1800, 1999, 2000, 2299, 2300, 2599, 2600]

/** Every state of three small auctions in which two bidders, the buyer, the ledger and the notary set may say anything at any time. */
export function exploreAuction(machine: AuctionMachine = AUCTION_MACHINE): AuctionExploration {
  const results = CALLS.map((call) => explore(machine, call))
  const joined = (key: 'kinds' | 'codes'): readonly string[] =>
    [...new Set(results.flatMap((result) => result[key]))].toSorted()
  const sum = (key: 'states' | 'edges' | 'refusals'): number =>
    results.reduce((total, result) => total + result[key], 0)
  return {
    states: sum('states'),
    edges: sum('edges'),
    refusals: sum('refusals'),
    kinds: joined('kinds'),
    codes: joined('codes'),
    isComplete: results.every(({ isComplete }) => isComplete),
    failures: results.flatMap(({ failures }) => failures),
  }
}

function explore(machine: AuctionMachine, call: AuctionCall): AuctionExploration {
  const events = eventsOf(call)
  const first = machine.initial({ call, at: timestampFromMs(0) })
  const seen = new Set([keyOf(first)])
  const queue: AuctionState[] = [first]
  const kinds = new Set<string>()
  const codes = new Set<string>()
  const failures = new Set<string>()
  let [edges, refusals] = [0, 0]
  for (let at = 0; at < queue.length && queue.length < STATES_MAX; at += 1) {
    const state = queue[at]
    if (state === undefined) break
    kinds.add(state.kind)
    for (const broken of AUCTION_MACHINE.violations(state)) failures.add(broken)
    if (!endsByTimers(machine, state)) failures.add(`no end from ${state.kind} by timers alone`)
    for (const event of events) {
      const step = machine.transition(state, event)
      const code = codeOf(step.effects)
      if (code !== undefined) {
        codes.add(code)
        refusals += 1
        if (step.state !== state) failures.add(`${code} changes something`)
        continue
      }
      edges += 1
      const key = keyOf(step.state)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(step.state)
    }
  }
  const isComplete = queue.length < STATES_MAX
  return {
    states: queue.length,
    edges,
    refusals,
    kinds: [...kinds],
    codes: [...codes],
    isComplete,
    failures: [...failures],
  }
}

function eventsOf(call: AuctionCall): readonly AuctionEvent[] {
  const auction = auctionIdOf(call)
  const stamps = call.kind === 'english' ? ENGLISH_STAMPS : SEALED_STAMPS
  return stamps.flatMap((ms): readonly AuctionEvent[] => {
    const at = timestampFromMs(ms)
    const from = (name: string, label: string): Evidence & { readonly auction: Hash } => ({
      envelope: hashOf(label),
      iss: didOf(name),
      seq: 0,
      prev: undefined,
      at,
      auction,
    })
    const timers = AUCTION_TIMERS.map((name): AuctionEvent => ({ type: 'timer-fired', name, at }))
    return [
      { type: 'call-published', ...from('auctioneer', 'call') },
      { type: 'call-cancelled', ...from('buyer', 'cancel') },
      { type: 'beacon-certified', set: NOTARY_SET, checkpoint: hashOf('beacon'), checkpointAt: at, at },
      ...timers,
      ...(call.kind === 'english' ? englishEvents(from) : sealedEvents(auction, from)),
    ]
  })
}

type From = (name: string, label: string) => Evidence & { readonly auction: Hash }

function sealedEvents(auction: Hash, from: From): readonly AuctionEvent[] {
  return ['alice', 'bob'].flatMap((name): readonly AuctionEvent[] => {
    const bid = bidOf(40)
    const salt = saltOf(name)
    const commitment = commitmentOf({ auction, bidder: didOf(name), salt, bid })
    const { at } = from(name, 'stamp')
    return [
      { type: 'commitment-received', ...from(name, `commit ${name}`), commitment, standing: STANDING },
      { type: 'deposit-answered', bidder: didOf(name), isHeld: true, at },
      { type: 'deposit-answered', bidder: didOf(name), isHeld: false, at },
      { type: 'bid-revealed', ...from(name, `reveal ${name}`), salt, bid },
      { type: 'bid-revealed', ...from(name, `altered ${name}`), salt, bid: bidOf(39) },
    ]
  })
}

function englishEvents(from: From): readonly AuctionEvent[] {
  return ['alice', 'bob'].flatMap((name) =>
    [90, 84, 79].map((price): AuctionEvent => ({
      type: 'english-bid-placed',
      ...from(name, `${name} ${price}`),
      bid: bidOf(price),
      standing: STANDING,
    })),
  )
}

function endsByTimers(machine: AuctionMachine, first: AuctionState): boolean {
  let state = first
  for (let steps = 0; steps < 4; steps += 1) {
    if (state.kind === 'draft' || state.kind === 'closed' || state.kind === 'cancelled') return true
    const running = timersOf(state)
    const name = AUCTION_TIMERS.find((timer) => running[timer] !== undefined)
    const firesAt = name === undefined ? undefined : running[name]
    if (name === undefined || firesAt === undefined) return false
    const at = firesAt > state.at ? firesAt : state.at
    state = machine.transition(state, { type: 'timer-fired', name, at }).state
  }
  return false
}

function codeOf([first]: readonly AuctionEffect[]): string | undefined {
  return first?.type === 'event-refused' ? first.code : undefined
}

function keyOf(state: AuctionState): string {
  return canonicalJson(formatAuctionValue(state))
}

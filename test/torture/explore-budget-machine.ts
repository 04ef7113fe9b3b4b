import { amountFromNanos } from '../../src/base/money.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { bucketMapEntries, bucketMapGet } from '../../src/core/budget/bucket-map.ts'
import { formatBudgetState } from '../../src/core/budget/budget-codec.ts'
import { BUDGET_MACHINE } from '../../src/core/budget/budget-machine.ts'
import type { BudgetEffect, BudgetEvent, BudgetState } from '../../src/core/budget/budget-event.ts'
import type { BudgetInput } from '../../src/core/budget/budget-machine.ts'
import type { Machine } from '../../src/core/machine.ts'

export type BudgetMachine = Machine<BudgetState, BudgetEvent, BudgetEffect, BudgetInput>

export type BudgetExploration = {
  readonly states: number
  readonly edges: number
  /** False when `statesMax` stopped it. */
  readonly isComplete: boolean
  readonly failures: readonly string[]
  /** Canonical text of every state, in the order of discovery. */
  readonly visited: readonly string[]
}

const AT = timestampFromMs(Date.UTC(2026, 0, 1))
const LIMITS = { node: 6n, 'team:a': 4n } as const
const HIERARCHIES = [['node'], ['node', 'team:a']] as const
const AMOUNTS = [1n, 2n] as const
const FAILURES_MAX = 20

/**
 * Visits every state that a small world can reach: two accounts, one inside the other, reservations of one or two units
 * by `ids` callers, settlements below, at and one above the reservation, release, expiry. At every edge an account of our
 * own, kept from the open reservations alone, says whether admission was right and where the money went.
 */
export function exploreBudgetMachine(init: {
  ids: number
  statesMax: number
  machine?: BudgetMachine
}): BudgetExploration {
  const machine = init.machine ?? BUDGET_MACHINE
  let start = machine.initial({ at: AT })
  for (const [account, limit] of Object.entries(LIMITS)) {
    start = machine.transition(start, {
      type: 'limit-set',
      account,
      window: 'total',
      limitNanos: amountFromNanos(limit),
      at: AT,
    }).state
  }
  const known = new Set<string>([textOf(start)])
  const queue: BudgetState[] = [start]
  const failures: string[] = []
  let edges = 0
  for (let head = 0; head < queue.length && failures.length < FAILURES_MAX; head += 1) {
    const state = queue[head]
    if (state === undefined) break
    for (const event of eventsOf(state, init.ids)) {
      edges += 1
      const step = machine.transition(state, event)
      failures.push(...judge(machine, { state, event, step }))
      const text = textOf(step.state)
      if (known.has(text) || known.size >= init.statesMax) continue
      known.add(text)
      queue.push(step.state)
    }
  }
  return { states: known.size, edges, isComplete: known.size < init.statesMax, failures, visited: [...known] }
}

function textOf(state: BudgetState): string {
  return JSON.stringify(formatBudgetState(state))
}

function eventsOf(state: BudgetState, ids: number): readonly BudgetEvent[] {
  const events: BudgetEvent[] = []
  for (let number = 1; number <= ids; number += 1) {
    const id = String(number)
    const open = bucketMapGet(state.reservations, id)
    for (const accounts of HIERARCHIES) {
      for (const amount of AMOUNTS) {
        events.push({
          type: 'reservation-requested',
          id,
          accounts,
          amountNanos: amountFromNanos(amount),
          expiresAt: AT,
          at: AT,
        })
      }
    }
    for (let spent = 0n; spent <= (open?.amountNanos ?? 0n) + 1n; spent += 1n) {
      events.push({ type: 'call-settled', id, spentNanos: amountFromNanos(spent), at: AT })
    }
    for (const released of AMOUNTS)
      for (const spent of [0n, ...AMOUNTS])
        events.push({
          type: 'reservation-charged',
          id,
          releasedNanos: amountFromNanos(released),
          spentNanos: amountFromNanos(spent),
          at: AT,
        })
    events.push({ type: 'reservation-released', id, at: AT }, { type: 'reservation-expired', id, at: AT })
  }
  return events
}

type Edge = {
  readonly state: BudgetState
  readonly event: BudgetEvent
  readonly step: { readonly state: BudgetState; readonly effects: readonly BudgetEffect[] }
}

/** What an account of our own finds wrong with one edge. */
function judge(machine: BudgetMachine, { state, event, step }: Edge): readonly string[] {
  const failures = [...machine.violations(step.state)]
  const outcome = step.effects[0]?.type
  if (event.type === 'limit-set') return failures
  const open = bucketMapGet(state.reservations, event.id)
  if (event.type === 'reservation-requested') {
    const fits = event.accounts.every((name) => usedOf(state, name) + event.amountNanos <= limitOf(name))
    const verdict = fits ? 'grant-reservation' : 'refuse-reservation'
    const expected = open === undefined ? verdict : 'event-refused'
    if (outcome !== expected) failures.push(`${expected} was due, ${outcome} came`)
  } else {
    const isTooMuch = event.type === 'reservation-charged' && event.releasedNanos > (open?.amountNanos ?? 0n)
    const isDue = open !== undefined && !isTooMuch
    const expected = isDue ? 'confirm-charge' : 'event-refused'
    if (outcome !== expected) failures.push(`${expected} was due, ${outcome} came`)
    const charged = isDue ? chargeOf(event, open.amountNanos) : 0n
    const left = bucketMapGet(step.state.reservations, event.id)?.amountNanos
    const leftDue = leftOf(event, open?.amountNanos, isDue)
    if (left !== leftDue) failures.push(`${leftDue} was to stay held, ${left} does`)
    for (const name of Object.keys(LIMITS)) {
      const due = open?.accounts.includes(name) === true ? charged : 0n
      if (spentOf(step.state, name) - spentOf(state, name) !== due) failures.push(`${name} was not charged ${due}`)
    }
  }
  return failures.map((what) => `${what}: ${event.type} ${event.id} in ${textOf(state)}`)
}

/** What the reservation of an event that ends all or a part of it holds behind it. */
function leftOf(event: BudgetEvent, reserved: bigint | undefined, isDue: boolean): bigint | undefined {
  if (!isDue || reserved === undefined) return reserved
  return event.type === 'reservation-charged' ? reserved - event.releasedNanos : undefined
}

function chargeOf(event: BudgetEvent, reserved: bigint): bigint {
  if (event.type === 'call-settled' || event.type === 'reservation-charged') return event.spentNanos
  return event.type === 'reservation-expired' ? reserved : 0n
}

function limitOf(name: string): bigint {
  return name === 'node' || name === 'team:a' ? LIMITS[name] : 0n
}

function spentOf(state: BudgetState, name: string): bigint {
  return bucketMapGet(state.accounts, name)?.counters.total.spentNanos ?? 0n
}

/** Spent, and held according to the open reservations: not the machine's own count of what is held. */
function usedOf(state: BudgetState, name: string): bigint {
  let used = spentOf(state, name)
  for (const [, reservation] of bucketMapEntries(state.reservations)) {
    if (reservation.accounts.includes(name)) used += reservation.amountNanos
  }
  return used
}

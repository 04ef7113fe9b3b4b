import { assert, assertNever } from '../../base/assert.ts'
import { type HashTrie, hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { EscrowEffect } from '../escrow/escrow-effect.ts'
import type { EscrowEvent, TransfersAnsweredEvent } from '../escrow/escrow-event.ts'
import { CONTRACT_TRANSFER_PREFIX } from '../escrow/escrow-money.ts'
import { ESCROW_MACHINE } from '../escrow/escrow-machine.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import { firesAtOf } from '../escrow/escrow-timers.ts'
import type { ContractId } from '../evidence/names.ts'
import { LEDGER_MACHINE } from '../ledger/ledger-machine.ts'
import type { LedgerEvent } from '../ledger/ledger-event.ts'
import { type LedgerState, nextExpiry } from '../ledger/ledger-state.ts'
import type { Machine, Step } from '../machine.ts'
import { refuseOffer } from './admit-offer.ts'
import {
  type BooksEffect,
  type BooksEvent,
  type BooksInput,
  type BooksState,
  ROUNDS_MAX,
  emptyBooks,
  isOpen,
  isUnheld,
} from './books-state.ts'
import { booksViolations } from './books-violations.ts'
import { recordOf } from './contract-record.ts'
import { withExposure } from './credit-exposure.ts'
import { changeSet, listIssuer, publishParameters, retireParameters } from './books-rules.ts'
import { refuseRevoked, revokeCapability } from './known-revocations.ts'
import { readyForHold, withRoomOf } from './ready-for-hold.ts'
import { refuseKeys } from './refuse-keys.ts'
import { addFiring, type Firing, type TimerHeap, withoutFirstFiring } from './timer-heap.ts'
import type { Timestamp } from '../../base/time.ts'

export type BooksMachine = Machine<BooksState, BooksEvent, BooksEffect, BooksInput>

/**
 * What a notary runs: the ledger and all contracts as one machine. An event goes to its contract; what the contract asks of the ledger is applied and answered
 * within the same step, so that between two events no money is under way, and one event is one record of the journal.
 *
 * ```text
 * message, timer --> contract --orders--> ledger --answer--> contract ...quiet --> receipts, reputation, refusals
 *                        \-- deadlines --> timer heap --> the next firing
 * ```
 */
export const BOOKS_MACHINE: BooksMachine = {
  name: 'books',
  initial: emptyBooks,
  transition,
  violations: booksViolations,
}

/** The stamp at which the books want to be woken: the next timer of a contract, or the next hold outside of contracts that expires. */
export function nextFiringOf(state: BooksState): Timestamp | undefined {
  const timer = state.timers?.firing.at
  const expiry = nextExpiry(state.ledger)
  if (timer === undefined || expiry === undefined) return timer ?? expiry
  return timer < expiry ? timer : expiry
}

/** The contract as it stands; `undefined` when it was never offered or is pruned. */
export function contractOf(state: BooksState, contract: ContractId): EscrowState | undefined {
  return hashTrieGet(state.contracts, contract)
}

function transition(before: BooksState, event: BooksEvent): Step<BooksState, BooksEffect> {
  const at = atOf(event)
  if (at < before.at) return refused(before, 'BOOKS_STAMP_BACKWARD', undefined)
  const step = apply(before, event)
  if (step.state === before) return step
  const state = at === step.state.at ? step.state : { ...step.state, at }
  return { state: { ...state, timers: tidyTimers(state) }, effects: step.effects }
}

function atOf(event: BooksEvent): Timestamp {
  switch (event.type) {
    case 'message-received':
      return event.message.at
    case 'ledger-event-received':
      return event.event.at
    default:
      return event.at
  }
}

function apply(state: BooksState, event: BooksEvent): Step<BooksState, BooksEffect> {
  switch (event.type) {
    case 'message-received':
      return receive(state, event)
    case 'ledger-event-received':
      if (hasReservedId(event.event)) return refused(state, 'BOOKS_ID_RESERVED', undefined)
      return applyToLedger(state, event.event)
    case 'parameters-published':
      return publishParameters(state, event)
    case 'parameters-retired':
      return retireParameters(state, event)
    case 'issuer-listed':
      return listIssuer(state, event)
    case 'set-changed':
      return changeSet(state, event)
    case 'capability-revoked':
      return revokeCapability(state, event)
    case 'timer-fired': {
      const { contract, name, at } = event
      return applyToContract(state, contract, { type: 'timer-fired', name, at })
    }
    case 'stamp-advanced':
      return advance(state, event.at)
    default:
      return assertNever(event)
  }
}

type MessageReceived = Extract<BooksEvent, { type: 'message-received' }>

function receive(state: BooksState, { contract, terms, message }: MessageReceived): Step<BooksState, BooksEffect> {
  const known = hashTrieGet(state.contracts, contract)
  if (known === undefined && message.type === 'offered') {
    if (terms === undefined) return refused(state, 'BOOKS_TERMS_MISSING', contract)
    const code = refuseKeys(state, terms, message) ?? refuseOffer(state, terms, message)
    if (code !== undefined) return refused(state, code, contract)
    return stepContract(state, ESCROW_MACHINE.initial({ contract, terms }), message)
  }
  const replaced = known && refuseKeys(state, known.terms, message)
  if (replaced !== undefined) return refused(state, replaced, contract)
  if (known !== undefined && message.type === 'hold-requested') {
    const ready = readyForHold(state, known)
    if (typeof ready === 'string') return refused(state, ready, contract)
    const step = stepContract(ready, known, message)
    return step.state === ready ? { state, effects: step.effects } : step
  }
  const revoked = refuseRevoked(state, message)
  return revoked === undefined ? applyToContract(state, contract, message) : refused(state, revoked, contract)
}

function applyToContract(state: BooksState, contract: ContractId, event: EscrowEvent): Step<BooksState, BooksEffect> {
  const known = hashTrieGet(state.contracts, contract)
  return known === undefined ? refused(state, 'BOOKS_CONTRACT_UNKNOWN', contract) : stepContract(state, known, event)
}

/** Runs a contract and the ledger in turns until neither has anything to say to the other. */
function stepContract(before: BooksState, contract: EscrowState, event: EscrowEvent): Step<BooksState, BooksEffect> {
  const effects: BooksEffect[] = []
  let { ledger, timers } = before
  let current = contract
  let isPruned = false
  let queue: readonly EscrowEvent[] = [event]
  for (let round = 0; queue.length > 0; round += 1) {
    assert(round < ROUNDS_MAX, 'a contract and the ledger come to rest')
    const answers: EscrowEvent[] = []
    for (const next of queue) {
      const step = ESCROW_MACHINE.transition(current, next)
      current = step.state
      for (const effect of step.effects) {
        if (effect.type === 'post-transfers') {
          const posted = postOrders(ledger, effect, next.at)
          ledger = posted.ledger
          effects.push(...posted.effects)
          if (effect.money !== 'release') answers.push(posted.answer)
        } else if (effect.type === 'start-timer') {
          timers = addFiring(timers, { at: effect.firesAt, contract: current.contract, name: effect.name })
        } else if (effect.type === 'prune-contract') {
          isPruned = true
          effects.push({ type: 'prune-contract', record: recordOf(current) })
        } else {
          const told = tell(effect, current.contract, next.at)
          if (told !== undefined) effects.push(told)
        }
      }
    }
    queue = answers
  }
  if (current === contract && !isPruned) return { state: before, effects }
  return { state: withContract({ ...before, ledger, timers }, { contract, current, isPruned }), effects }
}

type Posted = {
  readonly ledger: LedgerState
  readonly effects: readonly BooksEffect[]
  readonly answer: TransfersAnsweredEvent
}

function postOrders(
  ledger: LedgerState,
  { money, attempt, orders }: Extract<EscrowEffect, { type: 'post-transfers' }>,
  at: Timestamp,
): Posted {
  const step = LEDGER_MACHINE.transition(ledger, { type: 'transfers-submitted', at, orders })
  const isApplied = !step.effects.some(({ type }) => type === 'event-refused')
  const effects = step.effects.map((effect): BooksEffect => ({ type: 'ledger-effect', effect }))
  return { ledger: step.state, effects, answer: { type: 'transfers-answered', money, attempt, isApplied, at } }
}

/** What the world hears of a contract's effect; timers are the books' own. */
function tell(
  effect: Exclude<EscrowEffect, { type: 'post-transfers' | 'start-timer' | 'prune-contract' }>,
  contract: ContractId,
  at: Timestamp,
): BooksEffect | undefined {
  switch (effect.type) {
    case 'record-transition':
      return { ...effect, contract, at }
    case 'issue-receipt':
    case 'reputation-update':
      return effect
    case 'event-exists':
      return { type: 'event-exists', contract }
    case 'event-refused':
      return { type: 'event-refused', code: effect.code, contract }
    case 'cancel-timer':
      return undefined
    default:
      return assertNever(effect)
  }
}

type Changed = { readonly contract: EscrowState; readonly current: EscrowState; readonly isPruned: boolean }

function withContract(state: BooksState, { contract, current, isPruned }: Changed): BooksState {
  const open = state.open + (isOpen(current) ? 1 : 0) - (isOpen(contract) ? 1 : 0)
  const unheld = state.unheld + (isUnheld(current) && !isPruned ? 1 : 0) - (isUnheld(contract) ? 1 : 0)
  const contracts: HashTrie<EscrowState> = isPruned
    ? hashTrieDelete(state.contracts, current.contract)
    : hashTrieSet(state.contracts, current.contract, current)
  const ledger = withRoomOf(state.ledger, contract, current)
  return { ...state, ledger, contracts, open, unheld, exposures: withExposure(state.exposures, contract, current) }
}

function applyToLedger(state: BooksState, event: LedgerEvent): Step<BooksState, BooksEffect> {
  const step = LEDGER_MACHINE.transition(state.ledger, event)
  const effects = step.effects.map((effect): BooksEffect => ({ type: 'ledger-effect', effect }))
  return { state: step.state === state.ledger ? state : { ...state, ledger: step.state }, effects }
}

/** Ids of contracts are known before they are used; only contracts use them. */
function hasReservedId(event: LedgerEvent): boolean {
  if (event.type === 'orders-signed') return event.orders.some(({ id }) => id.startsWith(CONTRACT_TRANSFER_PREFIX))
  return 'id' in event && event.id.startsWith(CONTRACT_TRANSFER_PREFIX)
}

/** Fires what is due, earliest first, and ends holds outside of contracts that have expired. */
function advance(before: BooksState, at: Timestamp): Step<BooksState, BooksEffect> {
  const effects: BooksEffect[] = []
  let state: BooksState = { ...before, at }
  for (let fired = 0; fired < state.limits.firingsMax; fired += 1) {
    const firing: Firing | undefined = state.timers?.firing
    if (firing === undefined || firing.at > at) break
    const step = applyToContract(state, firing.contract, { type: 'timer-fired', name: firing.name, at })
    effects.push(...step.effects)
    // A timer that fires changes its contract, so that it is no longer the first that runs.
    assert(step.state !== state, 'a timer that runs fires')
    state = { ...step.state, timers: tidyTimers(step.state) }
  }
  const expiry = nextExpiry(state.ledger)
  if (expiry === undefined || expiry > at) return { state, effects }
  const expired = applyToLedger(state, { type: 'holds-expired', at })
  return { state: expired.state, effects: [...effects, ...expired.effects] }
}

/** Cancelled timers per contract before the heap is built anew, and below how many that never happens. */
const DEAD_PER_CONTRACT = 6
const DEAD_MIN = 64

/** The first timer of the heap runs, and not many more are in it than run. */
function tidyTimers(state: BooksState): TimerHeap {
  let heap = state.timers
  while (heap !== undefined && !isRunning(state, heap.firing)) heap = withoutFirstFiring(heap)
  if ((heap?.size ?? 0) <= DEAD_MIN + DEAD_PER_CONTRACT * state.contracts.size) return heap
  return runningTimers(state, heap)
}

function isRunning(state: BooksState, { contract, name, at }: Firing): boolean {
  const known = hashTrieGet(state.contracts, contract)
  return known !== undefined && firesAtOf(known, name) === at
}

function runningTimers(state: BooksState, heap: TimerHeap): TimerHeap {
  let running: TimerHeap
  const stack: TimerHeap[] = [heap]
  const seen = new Set<string>()
  while (stack.length > 0) {
    const node = stack.pop()
    if (node === undefined) continue
    const key = `${node.firing.contract}/${node.firing.name}`
    if (isRunning(state, node.firing) && !seen.has(key)) running = addFiring(running, node.firing)
    seen.add(key)
    stack.push(node.left, node.right)
  }
  return running
}

function refused(
  state: BooksState,
  code: Extract<BooksEffect, { type: 'event-refused' }>['code'],
  contract: ContractId | undefined,
): Step<BooksState, BooksEffect> {
  return { state, effects: [{ type: 'event-refused', code, contract }] }
}

import { versionedMapApply, versionedMapGet } from '../../src/core/collections/versioned-map.ts'
import { BOOKS_MACHINE } from '../../src/core/books/books-machine.ts'
import type { BooksEffect, BooksEvent, BooksState } from '../../src/core/books/books-state.ts'
import { addFiring, type Firing, type TimerHeap } from '../../src/core/books/timer-heap.ts'
import { hashTrieGet, hashTrieSet } from '../../src/core/collections/hash-trie.ts'
import type { EscrowEffect, EscrowReceipt } from '../../src/core/escrow/escrow-effect.ts'
import type { EscrowEvent, EscrowMoney, TransfersAnsweredEvent } from '../../src/core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../src/core/escrow/escrow-machine.ts'
import { type EscrowState, type HeardMessage, isTerminal } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import type { LedgerEvent } from '../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../src/core/ledger/ledger-machine.ts'
import type { LedgerState } from '../../src/core/ledger/ledger-state.ts'
import { rememberIds } from '../../src/core/ledger/remembered-ids.ts'
import type { TransferOrder } from '../../src/core/ledger/transfer-order.ts'
import type { Timestamp } from '../../src/base/time.ts'
import { contractNamed, hashNamed, PAYER, WORKER } from '../core/escrow/escrow-builder.ts'
import { deadlinesOf, NOW, placed, withDeadlines } from './escrow-deadlines.ts'
import type { Ghost } from './escrow-ghost.ts'

export const CONTRACT = contractNamed('explored')

/** Orders on their way to the ledger. */
export type Waiting = {
  readonly money: EscrowMoney
  readonly attempt: number
  readonly orders: readonly TransferOrder[]
}

/** One state of a small world. */
export type EscrowNode = {
  /** `undefined` before the offer. */
  readonly escrow: EscrowState | undefined
  readonly isPruned: boolean
  readonly ledger: LedgerState
  /** Where the world runs the books: contract and ledger stand in it. */
  readonly books: BooksState | undefined
  /** What runs outside of the machines; in books their own heap. */
  readonly timers: ReadonlyMap<EscrowTimerName, Timestamp>
  readonly queue: readonly Waiting[]
  readonly answers: readonly TransfersAnsweredEvent[]
  readonly ghost: Ghost
}

/** What one act did. */
export type Outcome = {
  readonly node: EscrowNode
  readonly edges: readonly { readonly edge: string; readonly from: string; readonly to: string }[]
  readonly receipts: readonly EscrowReceipt[]
  readonly updates: readonly Extract<EscrowEffect, { type: 'reputation-update' }>[]
  /** Why nothing was done; `exists`: because it was done before. */
  readonly refusals: readonly string[]
  /** Kinds of money that were posted to the ledger. */
  readonly asked: readonly EscrowMoney[]
}

/** Of each party one message that counted: at place 1, so that 0 is old, 1 the same or a contradiction, 2 new. */
export const HEARD: readonly HeardMessage[] = [PAYER, WORKER].map((iss) => ({ iss, seq: 1, envelope: heardHash(iss) }))

export function heardHash(iss: string): HeardMessage['envelope'] {
  return hashNamed(`heard of ${iss}`)
}

/** The state as it is in the small world: its deadlines reached or ahead, its messages forgotten but one of each party. */
function settled(state: EscrowState): EscrowState {
  return { ...withDeadlines(state, (_, at) => placed(at)), heard: HEARD }
}

/** Runs one event of the contract; `undefined` as state is before the offer. */
export function stepEscrow(node: EscrowNode, event: EscrowEvent, terms: EscrowTerms): Outcome {
  return node.books === undefined ? stepApart(node, event, terms) : stepBooks(node, bookEvent(event, terms))
}

function bookEvent(event: EscrowEvent, terms: EscrowTerms): BooksEvent {
  if (event.type === 'timer-fired') return { ...event, contract: CONTRACT }
  if (event.type === 'transfers-answered') throw new TypeError('the books answer themselves')
  const isOffer = event.type === 'offered'
  return { type: 'message-received', contract: CONTRACT, terms: isOffer ? terms : undefined, message: event }
}

export function stepBooks(node: EscrowNode, event: BooksEvent): Outcome {
  if (node.books === undefined) throw new TypeError('a world with books')
  const step = BOOKS_MACHINE.transition(node.books, event)
  const { state } = step
  const escrow = hashTrieGet(state.contracts, CONTRACT)
  const isPruned = node.isPruned || step.effects.some(({ type }) => type === 'prune-contract')
  const next: EscrowNode =
    state === node.books
      ? node
      : { ...node, books: state, ledger: state.ledger, isPruned, escrow: escrow ?? node.escrow, timers: heapOf(state) }
  return { node: next, asked: [], ...toldBy(step.effects) }
}

type Told = Pick<Outcome, 'edges' | 'receipts' | 'updates' | 'refusals'>

function toldBy(effects: readonly (BooksEffect | EscrowEffect)[]): Told {
  const told = {
    edges: [] as { edge: string; from: string; to: string }[],
    receipts: [] as EscrowReceipt[],
    updates: [] as Outcome['updates'][number][],
    refusals: [] as string[],
  }
  for (const effect of effects) {
    if (effect.type === 'record-transition') told.edges.push(effect)
    else if (effect.type === 'issue-receipt') told.receipts.push(effect.receipt)
    else if (effect.type === 'reputation-update') told.updates.push(effect)
    else if (effect.type === 'event-refused') told.refusals.push(effect.code)
    else if (effect.type === 'event-exists') told.refusals.push('exists')
  }
  return told
}

/** What the heap has of the deadlines of the contract; timers that were cancelled stand there too and are left out. */
function heapOf({ timers, contracts }: BooksState): ReadonlyMap<EscrowTimerName, Timestamp> {
  const found = new Map<EscrowTimerName, Timestamp>()
  const escrow = hashTrieGet(contracts, CONTRACT)
  if (escrow === undefined) return found
  const deadlines = deadlinesOf(escrow)
  const stack: TimerHeap[] = [timers]
  while (stack.length > 0) {
    const heap = stack.pop()
    if (heap === undefined) continue
    const { name, at } = heap.firing
    if (deadlines.get(name) === at) found.set(name, at)
    stack.push(heap.left, heap.right)
  }
  return found
}

function stepApart(node: EscrowNode, event: EscrowEvent, terms: EscrowTerms): Outcome {
  const before = node.escrow ?? ESCROW_MACHINE.initial({ contract: CONTRACT, terms })
  const step = ESCROW_MACHINE.transition(before, event)
  const asked: EscrowMoney[] = []
  const timers = new Map(node.timers)
  const queue = [...node.queue]
  let { isPruned } = node
  for (const effect of step.effects) {
    if (effect.type === 'start-timer') timers.set(effect.name, effect.firesAt)
    else if (effect.type === 'cancel-timer') timers.delete(effect.name)
    else if (effect.type === 'prune-contract') isPruned = true
    else if (effect.type === 'post-transfers') {
      const { money, attempt, orders } = effect
      asked.push(money)
      // What waits already is not sent a second time; what was applied already may be.
      if (!queue.some((waiting) => waiting.money === money && waiting.attempt === attempt))
        queue.push({ money, attempt, orders })
    }
  }
  const isSame = step.state === before && !isPruned
  const next: EscrowNode =
    isSame && queue.length === node.queue.length ? node : { ...node, escrow: step.state, timers, queue, isPruned }
  return { node: next, asked, ...toldBy(step.effects) }
}

/** The ledger takes the first of what waits. `isRefused`: it does so for a reason that may pass, and remembers the id as failed. */
export function stepLedger(
  node: EscrowNode,
  isRefused: boolean,
): { readonly node: EscrowNode; readonly isApplied: boolean } {
  const [first, ...queue] = node.queue
  if (first === undefined) throw new TypeError('something waits')
  const step = isRefused ? refuseOnce(node.ledger, first) : submit(node.ledger, first.orders)
  const { isApplied } = step
  const { money, attempt } = first
  const answer: TransfersAnsweredEvent = { type: 'transfers-answered', money, attempt, isApplied, at: NOW }
  const answers = money === 'release' ? node.answers : withAnswer(node.answers, answer)
  return { node: { ...node, ledger: step.ledger, queue, answers }, isApplied }
}

type Submitted = { readonly ledger: LedgerState; readonly isApplied: boolean }

export function submit(ledger: LedgerState, orders: readonly TransferOrder[]): Submitted {
  const step = LEDGER_MACHINE.transition(ledger, { type: 'transfers-submitted', at: NOW, orders })
  return { ledger: step.state, isApplied: !step.effects.some(({ type }) => type === 'event-refused') }
}

function refuseOnce(ledger: LedgerState, { orders }: Waiting): Submitted {
  const id = orders[0]?.id
  if (
    id === undefined ||
    versionedMapGet(ledger.remembered, id) !== undefined ||
    hashTrieGet(ledger.holds, id) !== undefined
  )
    return submit(ledger, orders)
  const remembered = versionedMapApply(ledger.remembered, [[id, { kind: 'failed', at: NOW }]])
  const generations = rememberIds(ledger.generations, 'contracts', { at: NOW, ids: [id] })
  return { ledger: { ...ledger, remembered, generations }, isApplied: false }
}

function withAnswer(answers: EscrowNode['answers'], answer: TransfersAnsweredEvent): readonly TransfersAnsweredEvent[] {
  return answers.some((known) => isSameAnswer(known, answer)) ? answers : [...answers, answer]
}

export function isSameAnswer(one: TransfersAnsweredEvent, other: TransfersAnsweredEvent): boolean {
  return one.money === other.money && one.attempt === other.attempt && one.isApplied === other.isApplied
}

/** Whether an answer can still change the contract; all others are stale for good. */
export function isAwaited(escrow: EscrowState | undefined, { money, attempt }: TransfersAnsweredEvent): boolean {
  switch (escrow?.kind) {
    case 'AGREED':
      return money === 'hold' && escrow.isHoldAsked && attempt === escrow.holdAttempts
    case 'DELIVERED':
      return money === 'dispute-bond' && escrow.rejecting !== undefined && attempt === escrow.disputeAttempts
    case 'CAPTURING':
      return money === 'capture' && attempt === escrow.attempt
    case 'SETTLED':
      return money === 'refund' && escrow.refunding !== undefined && attempt === escrow.refundAttempts
    default:
      return false
  }
}

/** Money that a party moves by itself. */
export function stepClient(node: EscrowNode, event: Extract<LedgerEvent, { type: 'orders-signed' }>): EscrowNode {
  if (node.books !== undefined) return stepBooks(node, { type: 'ledger-event-received', event }).node
  return { ...node, ledger: LEDGER_MACHINE.transition(node.ledger, event).state }
}

/** The node as the exploration keeps it: see `escrow-text.ts` for what that leaves out and why nothing is lost. */
export function normalised(node: EscrowNode): EscrowNode {
  if (node.escrow === undefined) return node
  const escrow = settled(node.escrow)
  const timers = new Map<EscrowTimerName, Timestamp>()
  for (const [name, at] of node.timers) timers.set(name, placed(at))
  const answers = node.answers.filter((answer) => isAwaited(escrow, answer))
  const next: EscrowNode = { ...node, escrow, timers, answers }
  return node.books === undefined ? next : { ...next, books: booksWith(node.books, next) }
}

/** The node after time has come to one deadline. */
export function withReached(node: EscrowNode, reached: EscrowTimerName): EscrowNode {
  if (node.escrow === undefined) return node
  const escrow = withDeadlines(node.escrow, (name, at) => (name === reached ? NOW : at))
  const timers = new Map(node.timers)
  if (timers.has(reached)) timers.set(reached, NOW)
  const next: EscrowNode = { ...node, escrow, timers }
  return node.books === undefined ? next : { ...next, books: booksWith(node.books, next) }
}

/** The books with the node's contract and with those timers of it that stood in their heap. */
function booksWith(books: BooksState, { escrow, timers, isPruned }: EscrowNode): BooksState {
  if (escrow === undefined || isPruned) return books
  let heap: TimerHeap
  for (const [name, at] of timers) {
    const firing: Firing = { contract: CONTRACT, name, at }
    heap = addFiring(heap, firing)
  }
  return { ...books, contracts: hashTrieSet(books.contracts, CONTRACT, escrow), timers: heap }
}

/** A contract that has ended and for which nothing is held or under way. */
export function isAtRest({ escrow, ledger, queue }: EscrowNode): boolean {
  return (escrow === undefined || isTerminal(escrow)) && ledger.holds.size === 0 && queue.length === 0
}

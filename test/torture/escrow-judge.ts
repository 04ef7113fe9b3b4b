import { BOOKS_MACHINE } from '../../src/core/books/books-machine.ts'
import { hashTrieForEach } from '../../src/core/collections/hash-trie.ts'
import { type EscrowEvent, isMessageEvent } from '../../src/core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../src/core/escrow/escrow-machine.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import { LEDGER_MACHINE } from '../../src/core/ledger/ledger-machine.ts'
import type { LedgerState } from '../../src/core/ledger/ledger-state.ts'
import { deadlinesOf, NOW } from './escrow-deadlines.ts'
import { type Decision, decide, expectedBalances, type Ghost } from './escrow-ghost.ts'
import type { EscrowNode, Outcome } from './escrow-node.ts'
import { isAllowed } from './escrow-rights.ts'
import { balancesOf } from './escrow-text.ts'
import type { EscrowWorld } from './escrow-worlds.ts'

export type Verdict = { readonly ghost: Ghost; readonly broken: readonly string[] }

type Case = {
  readonly world: EscrowWorld
  readonly before: EscrowNode
  readonly event: EscrowEvent
  readonly outcome: Outcome
}

/** Judges one step of the contract, in books with all that the ledger did within it, by formulas of its own. */
export function judgeStep({ world, before, event, outcome }: Case): Verdict {
  const { ghost } = before
  if (outcome.refusals.length > 0) {
    const isQuiet = outcome.node === before && outcome.edges.length === 0 && outcome.refusals.length === 1
    return {
      ghost,
      broken: isQuiet && outcome.receipts.length === 0 ? [] : ['a refusal changes nothing and has one code'],
    }
  }
  const first = outcome.edges[0]
  if (first === undefined) return { ghost, broken: ['an effective step names its edge'] }
  const from = before.escrow
  const broken: string[] = []
  if (first.from !== (from?.kind ?? 'DRAFT')) broken.push('an edge leaves the state that it is taken in')
  if (from !== undefined && event.type !== 'transfers-answered' && !isAllowed(from, event))
    broken.push('I6 an edge is taken by its signers, before its deadline')
  let next = ghost
  for (const edge of outcome.edges) next = follow({ world, before, event, outcome }, next, { edge, broken })
  next = { ...next, updates: next.updates + outcome.updates.length }
  broken.push(...judgeUpdate(outcome, next))
  broken.push(...judgeReceipts(outcome))
  if (from !== undefined) broken.push(...judgeDeadlines(from, outcome, event))
  return { ghost: next, broken }
}

type Following = { readonly edge: Outcome['edges'][number]; readonly broken: string[] }

/** What an edge adds to what happened. */
function follow({ world, before, event, outcome }: Case, ghost: Ghost, { edge, broken }: Following): Ghost {
  const isBooks = before.books !== undefined
  const after = outcome.node.escrow
  if (edge.edge === 'voucher' && event.type === 'voucher-signed') {
    const { number, amountNanos: amount } = event
    const most =
      world.terms.milestonesNanos.length === 0 ? world.terms.maxNanos : world.terms.milestonesNanos[number - 1]
    if (number <= ghost.voucher.number || amount < ghost.voucher.amount) broken.push('I9 vouchers never fall')
    if (most === undefined || amount > most) broken.push('I9 a voucher is at most its milestone')
    return { ...ghost, voucher: { number, amount } }
  }
  if (edge.to === 'CAPTURING' && edge.from !== 'CAPTURING' && before.escrow !== undefined) {
    const decision = decide(before.escrow, event, ghost)
    if (typeof decision === 'string') broken.push(decision)
    return typeof decision === 'string' ? ghost : { ...ghost, decision }
  }
  if (edge.to === 'HELD' && edge.from === 'AGREED') {
    if (!isBooks && ghost.hold !== 'held') broken.push('HELD means that the ledger holds')
    if (isBooks && !hasFunds(before, world)) broken.push('nothing is held without funds')
    return { ...ghost, hold: 'held', wasHeld: true }
  }
  if (edge.edge === 'hold-refused' && isBooks && hasFunds(before, world))
    broken.push('a hold with funds is not refused')
  if (edge.edge === 'dispute') {
    if (!isBooks && ghost.disputeBond !== 'held') broken.push('a dispute means that its bond is held')
    return { ...ghost, disputeBond: 'held', isDisputed: true }
  }
  if (edge.from === 'CAPTURING' && edge.to !== 'CAPTURING') return ended(ghost, after, { edge, broken, isBooks })
  if (edge.edge.startsWith('refund-') && edge.edge !== 'refund-refused' && edge.edge !== 'refund-retry') {
    const amount = isBooks && event.type === 'refund-requested' ? event.amountNanos : 0n
    const refunded = ghost.refunded + amount
    const known = after !== undefined && 'refundedNanos' in after ? after.refundedNanos : undefined
    if (known !== refunded) broken.push('I5 what is refunded is what the ledger moved back')
    if (refunded > (ghost.decision?.captured ?? 0n)) broken.push('I5 no more is refunded than was captured')
    return { ...ghost, refunded }
  }
  if (edge.edge === 'capturing-equivocation' || edge.edge === 'settled-equivocation')
    return blamed(ghost, event, world.terms)
  return ghost
}

function ended(
  ghost: Ghost,
  after: EscrowState | undefined,
  { edge, broken, isBooks }: Following & { readonly isBooks: boolean },
): Ghost {
  const { decision } = ghost
  if (decision === undefined) {
    broken.push('I6 nothing is captured without a cause')
    return ghost
  }
  if (!isBooks && !ghost.isCaptured) broken.push('a contract ends when the ledger has captured')
  if (edge.to !== decision.ending) broken.push('I6 the cause says how the contract ends')
  if (after !== undefined && 'cause' in after) {
    const { cause, capturedNanos, feeNanos, fault } = after
    const isSame = cause === decision.cause && capturedNanos === decision.captured && feeNanos === decision.fee
    if (!isSame) broken.push('I6 the outcome is what its cause makes it')
    if (fault !== decision.fault) broken.push('I15 the fault follows from the edge')
  }
  return captured(ghost)
}

export function captured(ghost: Ghost): Ghost {
  return {
    ...ghost,
    isCaptured: true,
    hold: 'over',
    disputeBond: ghost.disputeBond === 'held' ? 'over' : ghost.disputeBond,
  }
}

function blamed(ghost: Ghost, event: EscrowEvent, terms: EscrowTerms): Ghost {
  if (ghost.decision === undefined || !isMessageEvent(event)) return ghost
  const liar = event.type === 'equivocation-proved' ? event.culprit : event.iss
  const party = liar === terms.payer ? 'payer' : 'worker'
  const { fault } = ghost.decision
  const decision: Decision = { ...ghost.decision, fault: fault === 'none' || fault === party ? party : 'both' }
  return { ...ghost, decision }
}

/** In books: whether price and bonds can be held. */
export function hasFunds({ ledger }: EscrowNode, world: EscrowWorld): boolean {
  const { payer = 0n, worker = 0n } = balancesOf(ledger, world)
  const { maxNanos, bonds, custody } = world.terms
  return (custody === 'C1' || payer >= maxNanos + bonds.payerNanos) && worker >= bonds.workerNanos
}

const RATED = ['VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED']

/** I15 */
function judgeUpdate({ edges, updates }: Outcome, ghost: Ghost): readonly string[] {
  const ends = edges.filter(({ from, to }) => RATED.includes(to) && !RATED.includes(from)).length
  if (updates.length !== ends || ghost.updates > 1)
    return ['I15 one update for each contract that was held, at its end']
  if (ends > 0 && !ghost.wasHeld) return ['I15 no update before a hold']
  const [update] = updates
  const { decision } = ghost
  if (update === undefined) return []
  const isRight =
    decision !== undefined &&
    update.cause === decision.cause &&
    update.fault === decision.fault &&
    update.valueNanos === decision.captured - ghost.refunded
  return isRight ? [] : ['I15 an update says what happened']
}

function judgeReceipts({ receipts, node: { escrow } }: Outcome): readonly string[] {
  const isRight = receipts.every((receipt) => {
    const hasOutcome = escrow !== undefined && 'cause' in escrow
    const amounts = hasOutcome ? [escrow.capturedNanos, escrow.feeNanos, escrow.refundedNanos] : [0n, 0n, 0n]
    const said = [receipt.capturedNanos, receipt.feeNanos, receipt.refundedNanos]
    return receipt.at === NOW && (receipts.length > 1 || said.every((amount, index) => amount === amounts[index]))
  })
  return isRight ? [] : ['a receipt says what the contract came to']
}

/** Spans by the table of timers in `protocol/spec/escrow.md`. */
function spanOf({ timers, signBy }: EscrowTerms, name: EscrowTimerName): number {
  const spans: Readonly<Record<EscrowTimerName, number>> = {
    offer: timers.offerMs,
    hold: timers.holdMs,
    start: timers.startMs,
    beat: 3 * timers.beatMs,
    deliver: timers.deliverMs + timers.graceMs,
    accept: timers.acceptMs,
    evidence: timers.evidenceMs,
    rule: timers.ruleMs,
    refund: timers.refundMs,
    retain: Math.max(timers.retainMs, signBy - NOW),
    retry: 1_000,
  }
  return spans[name]
}

/** The stamp and the span. Where the payer lies, a worker that has not delivered keeps its time to: the ruling is not before that. */
function dueAt(escrow: EscrowState, name: EscrowTimerName, were: ReadonlyMap<EscrowTimerName, number>): number {
  const at = NOW + spanOf(escrow.terms, name)
  const isWaiting = name === 'rule' && escrow.kind === 'FROZEN' && !escrow.equivocators.worker
  return isWaiting ? Math.max(at, were.get('deliver') ?? 0) : at
}

/** New deadlines are the stamp and the span; old ones stay where they were. */
function judgeDeadlines(before: EscrowState, { node, edges }: Outcome, event: EscrowEvent): readonly string[] {
  const { escrow } = node
  if (escrow === undefined) return []
  const broken: string[] = []
  const were = deadlinesOf(before)
  for (const [name, at] of deadlinesOf(escrow)) {
    const isNew = at === dueAt(escrow, name, were)
    const isKept = at === were.get(name)
    const isRenewed = name === 'retry' || name === 'beat'
    const isEntered = before.kind !== escrow.kind && !(name === 'deliver' && before.kind === 'HELD')
    if (!(isEntered || isRenewed ? isNew || isKept : isKept))
      broken.push(`T_${name} is its span after what it runs from`)
    if (isEntered && !isNew) broken.push(`T_${name} is its span after what it runs from`)
  }
  const hasBeaten = edges.some(({ edge }) => edge === 'beat' || edge === 'voucher' || edge === 'start')
  if (hasBeaten && deadlinesOf(escrow).get('beat') !== NOW + spanOf(escrow.terms, 'beat'))
    broken.push('T_beat is set anew')
  if (
    event.type === 'timer-fired' &&
    event.name !== 'retry' &&
    node.timers.has(event.name) &&
    !node.isPruned &&
    event.name !== 'retain'
  )
    broken.push('a timer fires once')
  return broken
}

const DUE: Readonly<Record<string, readonly EscrowTimerName[]>> = {
  OFFERED: ['offer'],
  AGREED: ['hold'],
  HELD: ['start'],
  WORKING: ['deliver'],
  DELIVERED: ['accept', 'retry'],
  DISPUTED: ['rule'],
  FROZEN: ['rule'],
  CAPTURING: ['retry'],
  SETTLED: ['refund', 'retry'],
}

/** What must hold in every state, whatever led to it, by these formulas alone. */
export function judgeState(node: EscrowNode, world: EscrowWorld): readonly string[] {
  const { escrow, ledger, ghost, books, isPruned, timers } = node
  const broken: string[] = [...judgeMoney(ledger)]
  const expected = expectedBalances(world.terms, world.funds, ghost)
  const actual = balancesOf(ledger, world)
  for (const [name, balance] of Object.entries(actual)) {
    if (balance !== expected[name]) broken.push(`I3 I4 ${name} has ${balance}, and ${expected[name]} is due`)
    if (balance < 0n && !(name === 'payer' && world.terms.custody === 'C1')) broken.push('I2 no balance is negative')
  }
  const due = DUE[escrow?.kind ?? ''] ?? []
  if (due.length > 0 && !due.some((name) => timers.has(name)))
    broken.push('I12 a state that has not ended has its timer')
  if (escrow === undefined || isPruned)
    return books === undefined || books.open === 0 ? broken : [...broken, 'none is open']
  if (!['C1', 'C2/f=0', 'C3/f=0'].includes(escrow.terms.custodyLabel)) broken.push('custody is labelled')
  if ('voucher' in escrow && escrow.voucher.amountNanos !== ghost.voucher.amount)
    broken.push('I9 the last voucher counts')
  const { maxNanos } = world.terms
  if (escrow.kind === 'FROZEN' && escrow.claimNanos !== undefined) {
    if (escrow.claimNanos > maxNanos || escrow.claimNanos < ghost.voucher.amount)
      broken.push('I7 a claim is from the last voucher to the maximum')
  }
  if ('delivery' in escrow) {
    const { claimNanos } = escrow.delivery
    if (claimNanos > maxNanos || claimNanos < ghost.voucher.amount)
      broken.push('I7 a claim is from the last voucher to the maximum')
    if (
      escrow.kind === 'DISPUTED' &&
      !(escrow.rejection.concededNanos >= ghost.voucher.amount && escrow.rejection.concededNanos < claimNanos)
    )
      broken.push('I7 what is conceded is from the last voucher to below the claim')
  }
  const isOver = RATED.includes(escrow.kind)
  if (isOver !== ghost.updates > 0 || (escrow.kind === 'ABORTED' && ghost.wasHeld))
    broken.push('I15 rated exactly when over')
  if (ghost.decision !== undefined) {
    const { captured: amount, fee } = ghost.decision
    if (amount > maxNanos) broken.push('I7 no more is captured than the maximum')
    if (fee > world.terms.fees.capNanos) broken.push('I16 the fee is within its cap')
  }
  return broken
}

/** I1, I2, from the rows of the ledger. */
function judgeMoney(ledger: LedgerState): readonly string[] {
  let debits = 0n
  let credits = 0n
  let isSound = true
  hashTrieForEach(ledger.accounts, (row) => {
    debits += row.debits
    credits += row.credits
    if (row.name.kind !== 'issuer' && row.credits < row.debits) isSound = false
  })
  const broken = debits === credits ? [] : ['I1 debits equal credits']
  return isSound ? broken : [...broken, 'I2 no balance is negative']
}

/** What the machines themselves find wrong. */
export function machineViolations({ books, escrow, ledger, isPruned }: EscrowNode): readonly string[] {
  if (books !== undefined) return BOOKS_MACHINE.violations(books)
  const ofContract = escrow === undefined || isPruned ? [] : ESCROW_MACHINE.violations(escrow)
  return [...ofContract, ...LEDGER_MACHINE.violations(ledger)]
}

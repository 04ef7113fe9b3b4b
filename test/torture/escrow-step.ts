import { timestampFromMs } from '../../src/base/time.ts'
import { versionedMapForEach } from '../../src/core/collections/versioned-map.ts'
import {
  formatBooksEvent,
  formatBooksState,
  parseBooksEvent,
  parseBooksState,
} from '../../src/core/books/books-codec.ts'
import { BOOKS_MACHINE } from '../../src/core/books/books-machine.ts'
import type { BooksEvent } from '../../src/core/books/books-state.ts'
import type { EscrowEvent } from '../../src/core/escrow/escrow-event.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import { contractNamed, PAYER } from '../core/escrow/escrow-builder.ts'
import { type Act, fittedTo, messagesOf } from './escrow-acts.ts'
import { comingOf, deadlinesOf, NOW } from './escrow-deadlines.ts'
import type { Ghost } from './escrow-ghost.ts'
import { captured, hasFunds, judgeStep } from './escrow-judge.ts'
import {
  CONTRACT,
  type EscrowNode,
  heardHash,
  isAwaited,
  stepBooks,
  stepClient,
  stepEscrow,
  stepLedger,
  submit,
  withReached,
} from './escrow-node.ts'
import { pocketEvent, squatEvent } from './escrow-start.ts'
import { balancesOf, textOf } from './escrow-text.ts'
import type { EscrowWorld } from './escrow-worlds.ts'

/** What an act led to; `undefined` as node where it led nowhere. */
export type Taken = {
  readonly node: EscrowNode | undefined
  readonly broken: readonly string[]
  readonly edges: readonly string[]
}

const OTHER = contractNamed('another')
const NOTHING: Taken = { node: undefined, broken: [], edges: [] }
const MESSAGES = messagesOf()
/** One of each type from each signer. */
const FOREIGN = MESSAGES.filter(
  ({ message: { type, iss } }, index) =>
    type !== 'offered' && MESSAGES.findIndex(({ message }) => message.type === type && message.iss === iss) === index,
).map((act): Act => ({ ...act, type: 'foreign' }))
const SQUATS = ['hold/price', 'dispute-bond', 'capture/price', 'capture/fee', 'refund'].map((purpose): Act => ({
  type: 'squat',
  purpose,
}))

/** All that can happen in a state. */
export function actsOf(node: EscrowNode, world: EscrowWorld): readonly Act[] {
  const { escrow, queue, answers } = node
  // What was asked of the ledger is done, whoever has forgotten the contract.
  if (node.isPruned && node.books !== undefined) return [{ type: 'again' }]
  if (node.isPruned) return queue.length > 0 ? [{ type: 'ledger', isRefused: false }] : []
  const acts: Act[] = [...fittedTo(MESSAGES, escrow)]
  if (escrow !== undefined) {
    for (const name of comingOf(escrow)) acts.push({ type: 'deadline', name })
    for (const [name] of deadlinesOf(escrow)) acts.push({ type: 'timer', name })
  }
  if (node.books !== undefined) acts.push(...FOREIGN, ...SQUATS)
  if (queue.length > 0) acts.push({ type: 'ledger', isRefused: false })
  // Giving back takes no room of the ledger, so that nothing but its order can be a reason to refuse it.
  if (queue.length > 0 && queue[0]?.money !== 'release') acts.push({ type: 'ledger', isRefused: true })
  for (const index of answers.keys()) {
    acts.push({ type: 'answer', index, isLast: true }, { type: 'answer', index, isLast: false })
    acts.push({ type: 'answer-lost', index })
  }
  if (world.isSpending) {
    for (const party of ['payer', 'worker'] as const)
      for (const isBack of [false, true]) acts.push({ type: 'pocket', party, isBack })
  }
  return acts
}

/** Does one act and judges what came of it. */
export function take(node: EscrowNode, act: Act, world: EscrowWorld): Taken {
  switch (act.type) {
    case 'message':
      return takeEvent(node, act.message, world)
    case 'again':
      return takeAgain(node, world)
    case 'foreign':
    case 'squat':
      return takeIntrusion(node, act, world)
    case 'deadline':
      return { node: withReached(node, act.name), broken: [], edges: [] }
    case 'timer':
      return takeTimer(node, act.name, world)
    case 'ledger':
      return takeLedger(node, act.isRefused, world)
    case 'answer':
      return takeAnswer(node, act, world)
    case 'answer-lost':
      return { node: { ...node, answers: node.answers.toSpliced(act.index, 1) }, broken: [], edges: [] }
    case 'pocket':
      return takePocket(node, act, world)
  }
}

function takeEvent(node: EscrowNode, event: EscrowEvent, world: EscrowWorld): Taken {
  const outcome = stepEscrow(node, event, world.terms)
  const { ghost, broken } = judgeStep({ world, before: node, event, outcome })
  if (outcome.refusals.length > 0) return broken.length === 0 ? NOTHING : { node: undefined, broken, edges: [] }
  const next: EscrowNode = { ...outcome.node, ghost: withDue(ghost, event, node) }
  const again = event.type === 'transfers-answered' || next.isPruned ? [] : judgeRepeat(next, event, world)
  return { node: next, broken: [...broken, ...again], edges: outcome.edges.map(({ edge }) => edge) }
}

/** The same event again, at once: nothing. What comes later is the business of the states that follow. */
function judgeRepeat(node: EscrowNode, event: EscrowEvent, world: EscrowWorld): readonly string[] {
  // Asking again is answered again, by the same transfer ids.
  if (event.type === 'settle-requested') return []
  const again = stepEscrow(node, event, world.terms)
  return again.node === node ? [] : ['I8 a message that comes twice counts once']
}

/** What an honest payer owes by its own word. */
function withDue(ghost: Ghost, event: EscrowEvent, { escrow }: EscrowNode): Ghost {
  if (event.type === 'accepted') return { ...ghost, should: event.amountNanos }
  if (event.type === 'rejected' && escrow?.kind === 'DELIVERED') return { ...ghost, should: event.concededNanos }
  return ghost
}

/** Nothing that is about another contract, or under its ids, reaches it. */
function takeIntrusion(node: EscrowNode, act: Extract<Act, { type: 'foreign' | 'squat' }>, world: EscrowWorld): Taken {
  const { node: next, refusals } =
    act.type === 'foreign'
      ? stepBooks(node, { type: 'message-received', contract: OTHER, terms: undefined, message: act.message })
      : stepBooks(node, { type: 'ledger-event-received', event: squatEvent(act.purpose, world) })
  if (next === node && refusals.length === 1) return NOTHING
  const what =
    act.type === 'foreign' ? 'I6 a message counts for its own contract alone' : 'I3 ids of a contract are its own'
  return { node: undefined, broken: [what], edges: [] }
}

/** A contract runs once. It was pruned at T_retain or later, which `judgeDeadlines` holds to be no earlier than the instant before which it had to be signed. */
function takeAgain(node: EscrowNode, world: EscrowWorld): Taken {
  const at = timestampFromMs(Math.max(NOW + world.terms.timers.retainMs, world.terms.signBy))
  const evidence = { iss: PAYER, seq: 0, prev: undefined, at, envelope: heardHash('nobody') }
  const message = { type: 'offered', ...evidence, expiresAt: timestampFromMs(at + 1) } as const
  const { node: next } = stepBooks(node, { type: 'message-received', contract: CONTRACT, terms: world.terms, message })
  if (next === node) return NOTHING
  return { node: undefined, broken: ['I15 a contract runs once'], edges: [] }
}

function takeTimer(node: EscrowNode, name: EscrowTimerName, world: EscrowWorld): Taken {
  const event = { type: 'timer-fired', name, at: NOW } as const
  // A timer that nobody runs does not fire, whatever the state says; somebody may still say that it did.
  const running = node.timers.get(name)
  if (running !== undefined || node.books === undefined) {
    const taken = takeEvent(node, event, world)
    if (running === undefined || running > NOW)
      return taken.node === undefined
        ? taken
        : { ...taken, node: undefined, broken: ['a timer fires when it runs and is over'] }
    return taken.node === undefined ? { ...taken, broken: ['I12 a timer that is over fires'] } : taken
  }
  return NOTHING
}

/** In books: the stamp alone fires what is due, one after the other, as if each had been pointed out. */
export function judgeTick(node: EscrowNode, world: EscrowWorld): readonly string[] {
  if (node.books === undefined || node.isPruned) return []
  const ticked = stepBooks(node, { type: 'stamp-advanced', at: NOW }).node
  let single = node
  for (let fired = 0; fired < 16 && !single.isPruned; fired += 1) {
    const due = [...single.timers]
      .filter(([, at]) => at <= NOW)
      .map(([name]) => name)
      .sort()[0]
    if (due === undefined) break
    single = stepEscrow(single, { type: 'timer-fired', name: due, at: NOW }, world.terms).node
  }
  const text = (reached: EscrowNode): string => textOf({ ...reached, ghost: node.ghost }, world)
  return text(ticked) === text(single) ? [] : ['a stamp fires what is due']
}

function takeLedger(node: EscrowNode, isRefused: boolean, world: EscrowWorld): Taken {
  const [first] = node.queue
  if (first === undefined) return NOTHING
  const taken = stepLedger(node, isRefused)
  const { isApplied } = taken
  const broken: string[] = []
  const isFirst = textOf(taken.node, world) !== '' && !sameBalances(node, taken.node, world)
  const ghost = withLedger(node, { isApplied, isFirst: isApplied && isFirst }, broken)
  const next: EscrowNode = { ...taken.node, ghost }
  if (!isRefused) broken.push(...judgeRefusal(node, isApplied, world))
  const again = submit(next.ledger, first.orders)
  if (!sameBalances(next, { ...next, ledger: again.ledger }, world)) broken.push('I3 orders that come twice count once')
  if (again.isApplied !== isApplied) broken.push('orders that come twice are answered alike')
  return { node: next, broken, edges: [] }
}

function sameBalances(one: EscrowNode, other: EscrowNode, world: EscrowWorld): boolean {
  const balances = balancesOf(other.ledger, world)
  return Object.entries(balancesOf(one.ledger, world)).every(([name, balance]) => balance === balances[name])
}

type Applied = { readonly isApplied: boolean; readonly isFirst: boolean }

/** What the ledger did to what is held and captured. */
function withLedger({ ghost, queue, escrow }: EscrowNode, { isApplied, isFirst }: Applied, broken: string[]): Ghost {
  const [first] = queue
  switch (first?.money) {
    case 'hold':
      return isApplied && ghost.hold === 'none' ? { ...ghost, hold: 'held' } : ghost
    case 'dispute-bond':
      return isApplied && ghost.disputeBond === 'none' ? { ...ghost, disputeBond: 'held' } : ghost
    case 'capture':
      if (isApplied && ghost.decision === undefined) broken.push('I6 nothing is captured without a cause')
      return isApplied ? captured(ghost) : ghost
    case 'refund': {
      const [order] = first.orders
      const amount = isFirst && order !== undefined && 'amount' in order ? order.amount : 0n
      if (ghost.refunded + amount > (ghost.decision?.captured ?? 0n))
        broken.push('I5 no more is refunded than was captured')
      return { ...ghost, refunded: ghost.refunded + amount }
    }
    case 'release':
      if (escrow?.kind === 'ABORTED') {
        if (!isApplied && ghost.hold === 'held') broken.push('what was held for nothing is released')
        return ghost.hold === 'held' ? { ...ghost, hold: 'over' } : ghost
      }
      if (!isApplied && ghost.disputeBond === 'held') broken.push('what was held for nothing is released')
      return ghost.disputeBond === 'held' ? { ...ghost, disputeBond: 'over' } : ghost
    default:
      return ghost
  }
}

/** Without a fault of its own the ledger refuses what is short, and what it refused before under the same id. */
function judgeRefusal(node: EscrowNode, isApplied: boolean, world: EscrowWorld): readonly string[] {
  const [first] = node.queue
  const { ghost } = node
  if (first?.money === 'hold' && ghost.hold === 'none' && isApplied && !hasFunds(node, world))
    return ['nothing is held without funds']
  if (first?.money === 'capture' && !ghost.isCaptured && !isApplied && !wasRefused(node))
    return ['what is held can be captured']
  return []
}

function wasRefused({ queue, ledger }: EscrowNode): boolean {
  return queue[0]?.orders.some(({ id }) => failedIds(ledger).has(id)) === true
}

function failedIds(ledger: EscrowNode['ledger']): ReadonlySet<string> {
  const failed = new Set<string>()
  versionedMapForEach(ledger.remembered, (known, id) => {
    if (known.kind === 'failed') failed.add(id)
  })
  return failed
}

function takeAnswer(node: EscrowNode, { index, isLast }: Extract<Act, { type: 'answer' }>, world: EscrowWorld): Taken {
  const answer = node.answers[index]
  if (answer === undefined) return NOTHING
  const before: EscrowNode = isLast ? { ...node, answers: node.answers.toSpliced(index, 1) } : node
  const taken = takeEvent(before, answer, world)
  const { node: next } = taken
  if (next === undefined) return taken.broken.length > 0 ? taken : { ...taken, broken: ['an awaited answer counts'] }
  // It is stale from then on, whatever comes.
  if (isAwaited(next.escrow, answer) && answer.isApplied)
    return { ...taken, broken: [...taken.broken, 'an answer counts once'] }
  if (!isAwaited(next.escrow, answer)) {
    const again = stepEscrow(next, answer, world.terms)
    if (again.node !== next) return { ...taken, broken: [...taken.broken, 'an answer counts once'] }
  }
  return taken
}

function takePocket(node: EscrowNode, act: Extract<Act, { type: 'pocket' }>, world: EscrowWorld): Taken {
  const event = pocketEvent(node, world, act)
  if (event === undefined || (act.party === 'payer' && world.terms.custody === 'C1')) return NOTHING
  const amount = event.orders[0] !== undefined && 'amount' in event.orders[0] ? event.orders[0].amount : 0n
  const pockets = {
    ...node.ghost.pockets,
    [act.party]: node.ghost.pockets[act.party] + (act.isBack ? 0n - amount : amount),
  }
  return { node: { ...stepClient(node, event), ghost: { ...node.ghost, pockets } }, broken: [], edges: [] }
}

/** I13: books read back from what is written, and an event read back from the journal, lead where they led and say what they said. */
export function judgeReplay(node: EscrowNode, event: BooksEvent): readonly string[] {
  if (node.books === undefined) return []
  const first = BOOKS_MACHINE.transition(node.books, event)
  const books = parseBooksState(JSON.parse(formatBooksState(node.books)))
  const written = parseBooksEvent(JSON.parse(formatBooksEvent(event)))
  if (books === undefined || written === undefined) return ['I13 what is written is read back']
  const second = BOOKS_MACHINE.transition(books, written)
  const isSame =
    formatBooksState(first.state) === formatBooksState(second.state) && effectsText(first) === effectsText(second)
  return isSame ? [] : ['I13 replay gives the same state and receipts']
}

function effectsText({ effects }: { readonly effects: readonly unknown[] }): string {
  return JSON.stringify(effects, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** The event of the books that an act is; `undefined` for others. */
export function bookEventOf(act: Act, world: EscrowWorld): BooksEvent | undefined {
  if (act.type === 'timer') return { type: 'timer-fired', contract: CONTRACT, name: act.name, at: NOW }
  if (act.type !== 'message') return undefined
  const terms = act.message.type === 'offered' ? world.terms : undefined
  return { type: 'message-received', contract: CONTRACT, terms, message: act.message }
}

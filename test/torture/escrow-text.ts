import { hashTrieForEach } from '../../src/core/collections/hash-trie.ts'
import { captureOrders, disputeBondOrders, refundOrders } from '../../src/core/escrow/escrow-money.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import { type AccountId, formatAccountId } from '../../src/core/ledger/ledger-names.ts'
import { transferStatusOf } from '../../src/core/ledger/describe-transfer.ts'
import { balanceOf, type LedgerState } from '../../src/core/ledger/ledger-state.ts'
import type { TransferOrder } from '../../src/core/ledger/transfer-order.ts'
import { NOW } from './escrow-deadlines.ts'
import { CONTRACT, type EscrowNode, isAwaited } from './escrow-node.ts'
import { type EscrowWorld, POCKETS } from './escrow-worlds.ts'

/**
 * The canonical text of a state of a small world. Two nodes of one text behave alike, so one of them is explored. What the text leaves out, and why that loses nothing:
 *
 * - **Instants.** Stamps and deadlines meet in comparisons only (`at < deadline`, `at >= deadline`), and new deadlines are a stamp plus a span of the terms. So what
 *   counts of a deadline is whether it is reached. All events come at one stamp; that time comes to a deadline is an act of its own, possible at every
 *   moment and in every order but T_evidence before T_rule and T_start before T_deliver, which every contract has. More orders of events than real spans
 *   allow are explored, never fewer. Ticks around a deadline are the business of `escrow-ticks.test.ts`.
 * - **Places and hashes of messages.** The machine asks whether a message is new, the same, another one at a taken place, or old. `normalised` keeps one message of each
 *   party at place 1, and every state is sent messages of all four sorts. An arbiter's second message at one place is refused like an old one. A contradiction leads where
 *   a proof leads, which anybody may bring in every state.
 * - **Hashes of content** (meter, result, evidence, roots). They are stored and compared with what a ruling names, or with the pieces of one party; rulings are sent for the state's
 *   own root and for another one. Of a dispute's record the numbers of pieces of each party are kept, since they are bounded, until the record is closed.
 * - **Ids of transfers and numbers of tries.** Ids are hashes of purpose and number of the try. What the ledger knows of the ids that are under way or can be sent again is
 *   in the text; ids of tries that are over are never sent again. Numbers of tries that a guard reads (holds, dispute bonds, refunds: 16 at most) are in
 *   the text; the one of captures is read by none.
 * - **Counters of accounts.** Balances are kept, not debits and credits apart.
 *
 * Parties are not merged: payer, worker, arbiters and outsiders have their own names.
 */
export function textOf(node: EscrowNode, world: EscrowWorld): string {
  const { escrow, ledger, ghost } = node
  const parts: unknown[] = [
    node.isPruned ? 'pruned' : escrowText(escrow),
    node.isPruned ? [] : [...node.timers].map(([name, at]) => `${name}${at <= NOW ? '!' : ''}`).sort(),
    balancesOf(ledger, world),
    holdsText(ledger),
    node.queue.map(({ money, attempt, orders }) => [money, isNow(escrow, attempt), statusesOf(ledger, orders)]),
    statusesOf(ledger, repeatable(escrow)),
    node.answers.map(({ money, isApplied }) => `${money}${isApplied}`).sort(),
    ghost.hold,
    ghost.disputeBond,
    ghost.isDisputed,
    ghost.decision,
    ghost.isCaptured,
    ghost.refunded,
    ghost.wasHeld,
    ghost.updates,
    ghost.should,
    world.honest === undefined ? 0 : ghost.voucher,
  ]
  return JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function reached(at: number | undefined): string {
  if (at === undefined) return '-'
  return at <= NOW ? 'past' : 'ahead'
}

function escrowText(state: EscrowState | undefined): unknown {
  if (state === undefined) return 'none'
  const { kind } = state
  switch (kind) {
    case 'DRAFT':
      return kind
    case 'OFFERED':
      return [kind, state.offeredBy, state.isAwarded, reached(state.offerBy)]
    case 'AGREED':
      return [kind, state.holdAttempts, state.isHoldAsked, reached(state.holdBy)]
    case 'HELD':
      return [kind, reached(state.startBy), reached(state.deliverBy)]
    case 'WORKING':
      return [kind, reached(state.beatBy), reached(state.deliverBy), state.voucher.number, state.voucher.amountNanos]
    case 'DELIVERED': {
      const { rejecting } = state
      const asked = rejecting && [rejecting.rejection.concededNanos, reached(rejecting.retryAt)]
      return [
        kind,
        reached(state.acceptBy),
        state.voucher,
        state.delivery.claimNanos,
        state.disputeAttempts,
        asked,
      ].map(plain)
    }
    case 'DISPUTED': {
      const isOpen = state.evidenceBy !== undefined && state.evidenceBy > NOW
      const pieces = isOpen
        ? ['payer', 'worker'].map((name) => state.evidence.filter(({ party }) => party === name).length)
        : []
      const { voucher, delivery, rejection, disputeAttempt } = state
      const amounts = [voucher.number, voucher.amountNanos, delivery.claimNanos, rejection.concededNanos]
      return [kind, reached(state.evidenceBy), reached(state.ruleBy), pieces, amounts, disputeAttempt !== undefined]
    }
    case 'FROZEN': {
      const { voucher, claimNanos, equivocators, disputeAttempt } = state
      return [
        kind,
        reached(state.ruleBy),
        voucher.amountNanos,
        claimNanos,
        equivocators,
        disputeAttempt !== undefined,
      ].map(plain)
    }
    case 'CAPTURING':
      return [
        kind,
        { ...state.settlement, disputeAttempt: state.settlement.disputeAttempt !== undefined },
        reached(state.retryAt),
      ]
    case 'SETTLED': {
      const { refunding, refundAttempts, refundedNanos } = state
      const asked = refunding && [refunding.amountNanos, reached(refunding.retryAt)]
      return [kind, reached(state.refundBy), outcomeText(state), refundedNanos, refundAttempts, asked].map(plain)
    }
    case 'ABORTED':
      return [kind, reached(state.retainUntil)]
    case 'VOIDED':
    case 'EXPIRED':
    case 'FINAL':
    case 'REFUNDED':
      return [kind, outcomeText(state), state.refundedNanos, reached(state.retainUntil)]
  }
}

/** A voucher's meter is a hash of content. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('meter' in value)) return value
  return { ...value, meter: undefined }
}

function outcomeText({ cause, capturedNanos, feeNanos, fault }: Extract<EscrowState, { cause: unknown }>): unknown {
  return [cause, capturedNanos, feeNanos, fault]
}

/** Whether the number is the one that the contract counts on. */
function isNow(escrow: EscrowState | undefined, attempt: number): boolean {
  return (['hold', 'dispute-bond', 'capture', 'refund'] as const).some((money) =>
    isAwaited(escrow, { type: 'transfers-answered', money, attempt, isApplied: true, at: NOW }),
  )
}

/** Orders that the contract may send again as they are. */
function repeatable(escrow: EscrowState | undefined): readonly TransferOrder[] {
  if (escrow?.kind === 'CAPTURING') return captureOrders(escrow, escrow.settlement, escrow.attempt)
  if (escrow?.kind === 'DELIVERED' && escrow.rejecting !== undefined)
    return disputeBondOrders(CONTRACT, escrow.terms, escrow.disputeAttempts)
  if (escrow?.kind !== 'SETTLED' || escrow.refunding === undefined) return []
  return refundOrders(CONTRACT, escrow.terms, {
    attempt: escrow.refundAttempts,
    amountNanos: escrow.refunding.amountNanos,
  })
}

function statusesOf(ledger: LedgerState, orders: readonly TransferOrder[]): readonly string[] {
  return orders.map((order) => {
    const held = 'heldId' in order ? (transferStatusOf(ledger, order.heldId) ?? '-') : ''
    return `${transferStatusOf(ledger, order.id) ?? '-'}/${held}`
  })
}

function holdsText(ledger: LedgerState): readonly string[] {
  const holds: string[] = []
  hashTrieForEach(ledger.holds, ({ debit, credit, amount }) => holds.push(`${debit}>${credit}:${amount}`))
  return holds.sort()
}

/** The accounts of a world, by the names that `expectedBalances` uses. */
export function accountsOf({ terms }: EscrowWorld): Readonly<Record<string, AccountId>> {
  const known = ACCOUNTS.get(terms)
  if (known !== undefined) return known
  const { currency, payer, worker, notarySet, arbiters } = terms
  const payerKind = terms.custody === 'C1' ? 'issuer' : 'available'
  const accounts = {
    payer: formatAccountId({ owner: payer, kind: payerKind, currency }),
    'payer held': formatAccountId({ owner: payer, kind: 'held', currency }),
    worker: formatAccountId({ owner: worker, kind: 'available', currency }),
    'worker held': formatAccountId({ owner: worker, kind: 'held', currency }),
    'pocket of payer': formatAccountId({ owner: POCKETS.payer, kind: 'available', currency }),
    'pocket of worker': formatAccountId({ owner: POCKETS.worker, kind: 'available', currency }),
    fee: formatAccountId({ owner: notarySet.feeOwner, kind: 'fee', currency }),
    ...Object.fromEntries(
      arbiters.members.map((owner) => [owner, formatAccountId({ owner, kind: 'arbiter', currency })]),
    ),
  }
  ACCOUNTS.set(terms, accounts)
  return accounts
}

const ACCOUNTS = new Map<EscrowWorld['terms'], Readonly<Record<string, AccountId>>>()

export function balancesOf(ledger: LedgerState, world: EscrowWorld): Readonly<Record<string, bigint>> {
  return Object.fromEntries(Object.entries(accountsOf(world)).map(([name, id]) => [name, balanceOf(ledger, id)]))
}

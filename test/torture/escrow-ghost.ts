import type { EscrowEvent } from '../../src/core/escrow/escrow-event.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import type { Did } from '../../src/core/evidence/names.ts'

/** Where all held money goes, by the formulas below. Amounts in nano-units. */
export type Decision = {
  readonly cause: string
  readonly ending: 'SETTLED' | 'VOIDED' | 'EXPIRED'
  readonly captured: bigint
  readonly fee: bigint
  /** Out of the worker's bond for the payer, and the other way round. */
  readonly workerSlashed: bigint
  readonly payerSlashed: bigint
  readonly paid: readonly Did[]
  readonly fault: string
}

/** What happened so far, kept by the judge from messages and from what the ledger did. */
export type Ghost = {
  readonly voucher: { readonly number: number; readonly amount: bigint }
  /** Price and bonds of the parties. */
  readonly hold: 'none' | 'held' | 'over'
  readonly disputeBond: 'none' | 'held' | 'over'
  /** The contract knows of its dispute bond; one that is given back unseen pays nobody. */
  readonly isDisputed: boolean
  readonly decision: Decision | undefined
  readonly isCaptured: boolean
  /** By the ledger, and as the contract knows it. */
  readonly refunded: bigint
  readonly wasHeld: boolean
  readonly updates: number
  /** Taken away by the parties. */
  readonly pockets: { readonly payer: bigint; readonly worker: bigint }
  /** What an honest payer should pay, an honest worker get; `undefined` where nobody has said more than the voucher. */
  readonly should: bigint | undefined
}

export const NO_GHOST: Ghost = {
  voucher: { number: 0, amount: 0n },
  hold: 'none',
  disputeBond: 'none',
  isDisputed: false,
  decision: undefined,
  isCaptured: false,
  refunded: 0n,
  wasHeld: false,
  updates: 0,
  pockets: { payer: 0n, worker: 0n },
  should: undefined,
}

const MILLION = 1_000_000n

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function splitOf(terms: EscrowTerms, conceded: bigint, claim: bigint): bigint {
  return conceded + ((claim - conceded) * BigInt(terms.fallbackPerMillion)) / MILLION
}

function decided(
  terms: EscrowTerms,
  decision: Omit<Decision, 'fee' | 'workerSlashed' | 'payerSlashed' | 'paid'> & Partial<Decision>,
): Decision {
  const { fees } = terms
  const { captured } = decision
  const due = fees.flatNanos + (captured * BigInt(fees.perMillion)) / MILLION
  const fee = least(due, least(fees.capNanos, captured))
  return { workerSlashed: 0n, payerSlashed: 0n, paid: [], ...decision, fee }
}

/** What has to happen to held money when this event ends the contract in this state; a text says why it may not. From the table of edges in `protocol/spec/escrow.md`. */
export function decide(before: EscrowState, event: EscrowEvent, ghost: Ghost): Decision | string {
  const { terms } = before
  const voucher = ghost.voucher.amount
  const end = (decision: Parameters<typeof decided>[1]): Decision => decided(terms, decision)
  switch (before.kind) {
    case 'HELD':
      if (event.type === 'timer-fired' && event.name === 'start')
        return end({
          cause: 'not-started',
          ending: 'VOIDED',
          captured: 0n,
          workerSlashed: terms.penalties.p1Nanos,
          fault: 'worker',
        })
      if (event.type === 'cancelled' && event.signers.length === 2 && event.amountNanos <= terms.maxNanos)
        return end({ cause: 'cancelled', ending: 'VOIDED', captured: event.amountNanos, fault: 'none' })
      return 'I6 nothing ends what is held but a cancellation and T_start'
    case 'WORKING':
      if (event.type === 'timer-fired' && event.name === 'deliver')
        return end({
          cause: 'expired',
          ending: 'EXPIRED',
          captured: voucher,
          workerSlashed: terms.penalties.p2Nanos,
          fault: 'worker',
        })
      if (event.type !== 'cancelled') return 'I6 nothing ends work but a cancellation and T_deliver'
      if (event.signers.length === 2)
        return event.amountNanos >= voucher && event.amountNanos <= terms.maxNanos
          ? end({ cause: 'cancelled', ending: 'VOIDED', captured: event.amountNanos, fault: 'none' })
          : 'I7 a cancellation is from the last voucher to the maximum'
      return event.amountNanos === voucher
        ? end({ cause: 'stalled', ending: 'VOIDED', captured: voucher, fault: 'worker' })
        : 'I7 the payer alone cancels at the last voucher'
    case 'DELIVERED':
      if (event.type === 'timer-fired' && event.name === 'accept')
        return end({ cause: 'auto-accepted', ending: 'SETTLED', captured: before.delivery.claimNanos, fault: 'none' })
      if (event.type === 'accepted')
        return event.amountNanos >= before.delivery.claimNanos && event.amountNanos <= terms.maxNanos
          ? end({ cause: 'accepted', ending: 'SETTLED', captured: event.amountNanos, fault: 'none' })
          : 'I7 what is accepted is from the claim to the maximum'
      return 'I6 nothing ends a delivery but its acceptance and T_accept'
    case 'DISPUTED':
      return decideDispute(before, event, ghost)
    case 'FROZEN':
      return decideFrozen(before, event, ghost)
    default:
      return `I6 no money is captured from ${before.kind}`
  }
}

function paidOf(terms: EscrowTerms, signers: readonly Did[], ghost: Ghost): readonly Did[] {
  if (!ghost.isDisputed || terms.fees.arbiterNanos === 0n) return []
  return [...signers].toSorted((one, other) => (one < other ? -1 : 1)).slice(0, terms.arbiters.k)
}

function decideDispute(
  before: Extract<EscrowState, { kind: 'DISPUTED' }>,
  event: EscrowEvent,
  ghost: Ghost,
): Decision | string {
  const { terms, rejection, delivery } = before
  const [conceded, claim] = [rejection.concededNanos, delivery.claimNanos]
  if (event.type === 'timer-fired' && event.name === 'rule')
    return decided(terms, {
      cause: 'fallback',
      ending: 'SETTLED',
      captured: splitOf(terms, conceded, claim),
      fault: 'none',
    })
  if (event.type === 'disputed' && event.claimNanos === conceded)
    return decided(terms, { cause: 'conceded', ending: 'SETTLED', captured: conceded, fault: 'none' })
  if (event.type !== 'ruled') return 'I6 nothing ends a dispute but a concession, a ruling and T_rule'
  if (event.workerNanos > terms.maxNanos) return 'I7 a ruling is at most the maximum'
  const right = event.workerNanos >= claim ? 'payer' : 'none'
  const fault = event.workerNanos <= conceded ? 'worker' : right
  const costs = BigInt(terms.arbiters.k) * terms.fees.arbiterNanos
  const workerSlashed = fault === 'worker' && ghost.isDisputed ? least(costs, terms.bonds.workerNanos) : 0n
  return decided(terms, {
    cause: 'ruled',
    ending: 'SETTLED',
    captured: event.workerNanos,
    fault,
    workerSlashed,
    paid: paidOf(terms, event.signers, ghost),
  })
}

function decideFrozen(
  before: Extract<EscrowState, { kind: 'FROZEN' }>,
  event: EscrowEvent,
  ghost: Ghost,
): Decision | string {
  const { terms, equivocators, claimNanos } = before
  const lied = equivocators.payer ? 'payer' : 'worker'
  const slashed = {
    workerSlashed: equivocators.worker ? terms.bonds.workerNanos : 0n,
    payerSlashed: equivocators.payer ? terms.bonds.payerNanos : 0n,
    fault: equivocators.payer && equivocators.worker ? 'both' : lied,
    ending: 'SETTLED' as const,
  }
  if (event.type === 'timer-fired' && event.name === 'rule') {
    const captured = slashed.fault === 'payer' ? (claimNanos ?? ghost.voucher.amount) : ghost.voucher.amount
    return decided(terms, { cause: 'frozen', captured, ...slashed })
  }
  if (event.type !== 'ruled') return 'I6 nothing ends a frozen contract but a ruling and T_rule'
  if (event.workerNanos > terms.maxNanos) return 'I7 a ruling is at most the maximum'
  return decided(terms, {
    cause: 'frozen-ruled',
    captured: event.workerNanos,
    ...slashed,
    paid: paidOf(terms, event.signers, ghost),
  })
}

/** Balances that follow from what happened: of available, held, fee and arbiters, by owner and kind. */
export function expectedBalances(
  terms: EscrowTerms,
  funds: { readonly payer: number; readonly worker: number },
  ghost: Ghost,
): Readonly<Record<string, bigint>> {
  const { maxNanos: price, bonds } = terms
  const { decision } = ghost
  const isHeld = ghost.hold === 'held'
  const isDisputed = ghost.disputeBond === 'held'
  const done = ghost.isCaptured ? decision : undefined
  const perArbiter = terms.fees.arbiterNanos
  const paid = done === undefined ? 0n : BigInt(done.paid.length) * perArbiter
  const between = done === undefined ? 0n : done.workerSlashed - done.payerSlashed
  const captured = done?.captured ?? 0n
  const fee = done?.fee ?? 0n
  const payerHeld = (isHeld ? price + bonds.payerNanos : 0n) + (isDisputed ? bonds.disputeNanos : 0n)
  const workerHeld = isHeld ? bonds.workerNanos : 0n
  return {
    payer: BigInt(funds.payer) - payerHeld - captured + between - paid + ghost.refunded - ghost.pockets.payer,
    'payer held': payerHeld,
    worker: BigInt(funds.worker) - workerHeld + captured - fee - between - ghost.refunded - ghost.pockets.worker,
    'worker held': workerHeld,
    'pocket of payer': ghost.pockets.payer,
    'pocket of worker': ghost.pockets.worker,
    fee,
    ...Object.fromEntries(
      terms.arbiters.members.map((arbiter) => [arbiter, done?.paid.includes(arbiter) === true ? perArbiter : 0n]),
    ),
  }
}

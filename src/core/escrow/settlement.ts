import { type Amount, ZERO_AMOUNT, amountFromNanos, subtractAmounts } from '../../base/money.ts'
import type { Did } from '../evidence/names.ts'
import type { Equivocators, EscrowFault, Settlement, SettlementCause } from './escrow-state.ts'
import type { EscrowTerms } from './escrow-terms.ts'

const MILLION = 1_000_000n

/** The notary's fee on a captured amount, rounded down: never above the signed cap, never above what is captured. */
export function notaryFee({ fees }: EscrowTerms, capturedNanos: Amount): Amount {
  const share = (capturedNanos * BigInt(fees.perMillion)) / MILLION
  const due = fees.flatNanos + share
  const most = leastOf(fees.capNanos, capturedNanos)
  return due < most ? amountFromNanos(due) : most
}

/** What the fallback gives the worker: what is conceded, and the contract's share of what is disputed, rounded down. */
export function fallbackSplit(terms: EscrowTerms, concededNanos: Amount, claimNanos: Amount): Amount {
  const disputed = subtractAmounts(claimNanos, concededNanos) ?? ZERO_AMOUNT
  return amountFromNanos(concededNanos + (disputed * BigInt(terms.fallbackPerMillion)) / MILLION)
}

export type SettlementInit = {
  readonly cause: SettlementCause
  readonly capturedNanos: Amount
  readonly voucherNanos: Amount
  readonly fault: EscrowFault
  readonly disputeAttempt?: number | undefined
  readonly paidArbiters?: readonly Did[]
  readonly workerSlashedNanos?: Amount
  readonly payerSlashedNanos?: Amount
}

/** How each cause ends. */
const ENDINGS: Readonly<Record<SettlementCause, Settlement['ending']>> = {
  accepted: 'SETTLED',
  'auto-accepted': 'SETTLED',
  conceded: 'SETTLED',
  ruled: 'SETTLED',
  fallback: 'SETTLED',
  frozen: 'SETTLED',
  'frozen-ruled': 'SETTLED',
  cancelled: 'VOIDED',
  stalled: 'VOIDED',
  'not-started': 'VOIDED',
  expired: 'EXPIRED',
}

export function endingOf(cause: SettlementCause): Settlement['ending'] {
  return ENDINGS[cause]
}

/** Decides where everything goes that is held. */
export function settlementOf(terms: EscrowTerms, init: SettlementInit): Settlement {
  return {
    cause: init.cause,
    ending: ENDINGS[init.cause],
    capturedNanos: init.capturedNanos,
    feeNanos: notaryFee(terms, init.capturedNanos),
    workerSlashedNanos: init.workerSlashedNanos ?? ZERO_AMOUNT,
    payerSlashedNanos: init.payerSlashedNanos ?? ZERO_AMOUNT,
    paidArbiters: init.disputeAttempt === undefined ? [] : (init.paidArbiters ?? []),
    disputeAttempt: init.disputeAttempt,
    voucherNanos: init.voucherNanos,
    fault: init.fault,
  }
}

export type FrozenInit = {
  readonly equivocators: Equivocators
  readonly voucherNanos: Amount
  /** What was claimed by a delivery; `undefined` without one. */
  readonly claimNanos: Amount | undefined
}

/**
 * What the worker gets out of a frozen contract that nobody rules on: the end that is worst for who lied. A payer that lied pays what was claimed; a worker that
 * lied gets the last voucher; where both did, the last voucher stands.
 */
export function frozenSplit({ equivocators, voucherNanos, claimNanos }: FrozenInit): Amount {
  return equivocators.payer && !equivocators.worker ? (claimNanos ?? voucherNanos) : voucherNanos
}

/** The bonds of those who lied go to the other side. */
export function slashedBonds(
  terms: EscrowTerms,
  { payer, worker }: Equivocators,
): Pick<Settlement, 'workerSlashedNanos' | 'payerSlashedNanos'> {
  return {
    workerSlashedNanos: worker ? terms.bonds.workerNanos : ZERO_AMOUNT,
    payerSlashedNanos: payer ? terms.bonds.payerNanos : ZERO_AMOUNT,
  }
}

export function faultOf({ payer, worker }: Equivocators): EscrowFault {
  if (payer && worker) return 'both'
  if (payer) return 'payer'
  return worker ? 'worker' : 'none'
}

/** The fault of an end, and that of who turned out to have lied besides. */
export function addFault(fault: EscrowFault, party: 'payer' | 'worker'): EscrowFault {
  if (fault === 'none') return party
  return fault === party ? fault : 'both'
}

/** What all arbiters of a ruling get together. */
export function arbitersNanos(terms: EscrowTerms): bigint {
  return BigInt(terms.arbiters.k) * terms.fees.arbiterNanos
}

export function leastOf(left: Amount, right: Amount): Amount {
  return left < right ? left : right
}

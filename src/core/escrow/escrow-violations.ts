import { ZERO_AMOUNT } from '../../base/money.ts'
import {
  ATTEMPTS_MAX,
  EVIDENCE_MAX,
  type EndedState,
  type EscrowState,
  HEARD_MAX,
  type HeardMessage,
  type SettledState,
  type Settlement,
} from './escrow-state.ts'
import type { EscrowTerms } from './escrow-terms.ts'
import { hasTimer } from './escrow-timers.ts'
import { arbitersNanos, endingOf, notaryFee } from './settlement.ts'

/** Causes that settle without regard to the last voucher. */
const RULED = ['ruled', 'frozen-ruled']
/** Causes that capture nothing. */
const EMPTY = ['not-started']

/**
 * The invariants of the design as far as one contract carries them. I1 and I2 are the ledger's; I10 and I11 are checked before an event is made; I13, I14 and I17
 * are about runs, not states.
 */
export function escrowViolations(state: EscrowState): readonly string[] {
  const broken = [...heardViolations(state.heard), ...limitViolations(state)]
  if (!hasTimer(state)) broken.push('I12 every state that is not terminal has a timer')
  if (state.kind === 'CAPTURING') broken.push(...settlementViolations(state.terms, state.settlement))
  if (state.kind === 'SETTLED' || isEnded(state)) broken.push(...outcomeViolations(state))
  if ('voucher' in state) {
    const { number, amountNanos } = state.voucher
    if (amountNanos > state.terms.maxNanos || (number === 0 && amountNanos > ZERO_AMOUNT)) {
      broken.push('I9 vouchers are numbered and within the price')
    }
  }
  if ('delivery' in state && state.delivery.claimNanos < state.voucher.amountNanos) {
    broken.push('I7 a claim is at least the last voucher')
  }
  return broken
}

function isEnded(state: EscrowState): state is EndedState {
  return state.kind === 'VOIDED' || state.kind === 'EXPIRED' || state.kind === 'FINAL' || state.kind === 'REFUNDED'
}

/** One hash at each place of each signer, in order. */
function heardViolations(heard: readonly HeardMessage[]): readonly string[] {
  const broken: string[] = []
  let ofOne = 1
  heard.forEach((message, index) => {
    const next = heard[index + 1]
    if (next === undefined) return
    ofOne = next.iss === message.iss ? ofOne + 1 : 1
    if (ofOne > HEARD_MAX) broken.push('messages of one signer are bounded')
    const isAfter = next.iss > message.iss || (next.iss === message.iss && next.seq > message.seq)
    if (!isAfter) broken.push('I8 each place of a signer has one hash')
  })
  return broken
}

function limitViolations(state: EscrowState): readonly string[] {
  const broken: string[] = []
  if (state.kind === 'DISPUTED' && state.evidence.length > 2 * EVIDENCE_MAX + 1) broken.push('evidence is bounded')
  if (state.kind === 'AGREED' && state.holdAttempts > ATTEMPTS_MAX) broken.push('tries of a hold are bounded')
  if ('holdAttempt' in state && state.holdAttempt < 1) broken.push('I3 what is held was asked for')
  return broken
}

function settlementViolations(terms: EscrowTerms, settlement: Settlement): readonly string[] {
  const { cause, capturedNanos, feeNanos, voucherNanos, paidArbiters } = settlement
  const broken: string[] = []
  if (capturedNanos > terms.maxNanos) broken.push('I4 captured and released are what was held')
  if (EMPTY.includes(cause) && capturedNanos > ZERO_AMOUNT) broken.push('I6 nothing is captured without a cause')
  if (settlement.ending !== endingOf(cause)) broken.push('I6 the cause says how the contract ends')
  if (!RULED.includes(cause) && capturedNanos < voucherNanos) broken.push('I7 at least the last voucher is settled')
  if (feeNanos > terms.fees.capNanos || feeNanos !== notaryFee(terms, capturedNanos))
    broken.push('I16 the fee is within its cap')
  if (settlement.workerSlashedNanos > terms.bonds.workerNanos) broken.push('I4 no bond pays more than it has')
  if (settlement.payerSlashedNanos > terms.bonds.payerNanos) broken.push('I4 no bond pays more than it has')
  if (paidArbiters.length > terms.arbiters.k || arbitersNanos(terms) > terms.bonds.disputeNanos) {
    broken.push('I4 the dispute bond pays its arbiters')
  }
  return broken
}

function outcomeViolations(state: SettledState | EndedState): readonly string[] {
  const { kind, terms, cause, capturedNanos, feeNanos, refundedNanos } = state
  const broken: string[] = []
  if (capturedNanos > terms.maxNanos) broken.push('I4 captured and released are what was held')
  if (refundedNanos > capturedNanos) broken.push('I5 no more is refunded than was captured')
  if (EMPTY.includes(cause) && capturedNanos > ZERO_AMOUNT) broken.push('I6 nothing is captured without a cause')
  if (feeNanos > terms.fees.capNanos) broken.push('I16 the fee is within its cap')
  const ending = kind === 'FINAL' || kind === 'REFUNDED' ? 'SETTLED' : kind
  if (ending !== endingOf(cause)) broken.push('I6 the cause says how the contract ends')
  if ((kind === 'REFUNDED') !== (refundedNanos === capturedNanos && refundedNanos > ZERO_AMOUNT)) {
    broken.push('I5 a contract is refunded when all that was captured went back')
  }
  if (
    kind === 'SETTLED' &&
    state.refunding !== undefined &&
    refundedNanos + state.refunding.amountNanos > capturedNanos
  ) {
    broken.push('I5 no more is refunded than was captured')
  }
  return broken
}

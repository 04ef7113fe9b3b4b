import { type Amount, ZERO_AMOUNT, subtractAmounts } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { EscrowMessageEvent } from './escrow-event.ts'
import type { EscrowState, FrozenState } from './escrow-state.ts'
import type { EscrowParty } from './escrow-terms.ts'
import type { EscrowTimerName } from './escrow-timers.ts'
import { fallbackSplit } from './settlement.ts'

/** What a party has to do, until when, and what happens without it. */
export type DueAct = {
  /** Any of these is an answer. */
  readonly acts: readonly EscrowMessageEvent['type'][]
  /** It counts while the stamp is smaller. */
  readonly by: Timestamp
  /** The timer that decides otherwise. */
  readonly otherwise: EscrowTimerName
  /** What that costs the party: what the payer pays without a word, what the worker loses of its bond and of what it could claim. */
  readonly costNanos: Amount
}

/** What the contract waits for from a party; `undefined` when nothing is due. For inboxes: the machine does not read it. */
export function dueActOf(state: EscrowState, party: EscrowParty): DueAct | undefined {
  const isPayer = party === 'payer'
  switch (state.kind) {
    case 'OFFERED':
      if (state.isAwarded) return due(['contract-signed'], state.offerBy, 'offer')
      return isPayer ? due(['awarded'], state.offerBy, 'offer') : undefined
    case 'AGREED':
      return state.isHoldAsked ? undefined : due(['hold-requested'], state.holdBy, 'hold')
    case 'HELD':
      return isPayer
        ? undefined
        : { ...due(['started'], state.startBy, 'start'), costNanos: state.terms.penalties.p1Nanos }
    case 'WORKING':
      return isPayer
        ? undefined
        : { ...due(['delivered'], state.deliverBy, 'deliver'), costNanos: state.terms.penalties.p2Nanos }
    case 'DELIVERED':
      if (!isPayer || state.rejecting !== undefined) return undefined
      return { ...due(['accepted', 'rejected'], state.acceptBy, 'accept'), costNanos: state.delivery.claimNanos }
    case 'DISPUTED':
      return inDispute(state, party)
    case 'FROZEN':
      return isPayer ? undefined : inFrozen(state)
    case 'DRAFT':
    case 'CAPTURING':
    case 'SETTLED':
    case 'ABORTED':
    case 'VOIDED':
    case 'EXPIRED':
    case 'FINAL':
    case 'REFUNDED':
      return undefined
  }
}

/** While the record is open both may add to it; after that the worker can only take what is conceded. */
function inDispute(state: Extract<EscrowState, { kind: 'DISPUTED' }>, party: EscrowParty): DueAct | undefined {
  const { concededNanos } = state.rejection
  const { claimNanos } = state.delivery
  const splitNanos = fallbackSplit(state.terms, concededNanos, claimNanos)
  const costNanos = party === 'payer' ? splitNanos : (subtractAmounts(claimNanos, splitNanos) ?? ZERO_AMOUNT)
  if (state.evidenceBy !== undefined) {
    const acts = party === 'payer' ? (['evidence-added'] as const) : (['disputed', 'evidence-added'] as const)
    return { ...due(acts, state.evidenceBy, 'evidence'), costNanos }
  }
  return party === 'payer' ? undefined : { ...due(['disputed'], state.ruleBy, 'rule'), costNanos }
}

/** A worker whose payer lied still delivers; what it does not deliver it is not paid for. */
function inFrozen({ equivocators, claimNanos, voucher, terms, ruleBy }: FrozenState): DueAct | undefined {
  if (equivocators.worker || claimNanos !== undefined) return undefined
  const costNanos = subtractAmounts(terms.maxNanos, voucher.amountNanos) ?? ZERO_AMOUNT
  return { ...due(['delivered'], ruleBy, 'rule'), costNanos }
}

function due(acts: DueAct['acts'], by: Timestamp, otherwise: EscrowTimerName): DueAct {
  return { acts, by, otherwise, costNanos: ZERO_AMOUNT }
}

import { timestampFromMs, type Timestamp } from '../../src/base/time.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import { START } from '../core/escrow/escrow-builder.ts'

/** The one stamp of all events: time passes by deadlines that come to it. */
export const NOW: Timestamp = START
/** Every deadline that is ahead. */
export const AHEAD: Timestamp = timestampFromMs(START + 1_000_000_000)

/** The instant that a deadline is at in the small world: reached, or ahead. */
export function placed(at: Timestamp): Timestamp {
  return at <= NOW ? NOW : AHEAD
}

export type Change = (name: EscrowTimerName, at: Timestamp) => Timestamp

function changed(change: Change, name: EscrowTimerName, at: Timestamp | undefined): Timestamp | undefined {
  return at === undefined ? undefined : change(name, at)
}

/** The state with other deadlines: all of them, whether their timers run or not. */
export function withDeadlines(state: EscrowState, change: Change): EscrowState {
  switch (state.kind) {
    case 'DRAFT':
      return state
    case 'OFFERED':
      return { ...state, offerBy: change('offer', state.offerBy) }
    case 'AGREED':
      return { ...state, holdBy: change('hold', state.holdBy) }
    case 'HELD':
      return { ...state, startBy: change('start', state.startBy), deliverBy: change('deliver', state.deliverBy) }
    case 'WORKING':
      return { ...state, beatBy: changed(change, 'beat', state.beatBy), deliverBy: change('deliver', state.deliverBy) }
    case 'DELIVERED': {
      const { rejecting } = state
      const again = rejecting && { ...rejecting, retryAt: change('retry', rejecting.retryAt) }
      return { ...state, acceptBy: change('accept', state.acceptBy), rejecting: again }
    }
    case 'DISPUTED':
      return {
        ...state,
        evidenceBy: changed(change, 'evidence', state.evidenceBy),
        ruleBy: change('rule', state.ruleBy),
      }
    case 'FROZEN':
      return { ...state, ruleBy: change('rule', state.ruleBy) }
    case 'CAPTURING':
      return { ...state, retryAt: change('retry', state.retryAt) }
    case 'SETTLED': {
      const { refunding } = state
      const again = refunding && { ...refunding, retryAt: change('retry', refunding.retryAt) }
      return { ...state, refundBy: change('refund', state.refundBy), refunding: again }
    }
    case 'ABORTED':
    case 'VOIDED':
    case 'EXPIRED':
    case 'FINAL':
    case 'REFUNDED':
      return { ...state, retainUntil: change('retain', state.retainUntil) }
  }
}

/** Every deadline of a state, by the timer that it belongs to. */
export function deadlinesOf(state: EscrowState): ReadonlyMap<EscrowTimerName, Timestamp> {
  const found = new Map<EscrowTimerName, Timestamp>()
  withDeadlines(state, (name, at) => {
    found.set(name, at)
    return at
  })
  return found
}

/** The deadlines that time can come to next. The terms say that T_start is over before T_deliver, and T_evidence before T_rule; all else is free. */
export function comingOf(state: EscrowState): readonly EscrowTimerName[] {
  const all = deadlinesOf(state)
  const isAhead = (name: EscrowTimerName): boolean => {
    const at = all.get(name)
    return at !== undefined && at > NOW
  }
  return [...all.keys()].filter((name) => {
    if (!isAhead(name)) return false
    if (state.kind === 'HELD' && name === 'deliver') return false
    return !(name === 'rule' && isAhead('evidence'))
  })
}

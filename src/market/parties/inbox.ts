import { type Amount, amountFromNanos } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { EscrowState } from '../../core/escrow/escrow-state.ts'
import { fallbackSplit, frozenSplit } from '../../core/escrow/settlement.ts'
import type { EscrowTimerName } from '../../core/escrow/escrow-timers.ts'
import { partyOf } from '../../core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'

/** What somebody can be waited for. */
export type InboxAct =
  | 'award'
  | 'sign'
  | 'request-hold'
  | 'start'
  | 'deliver'
  | 'cancel'
  | 'accept-or-reject'
  | 'add-evidence'
  | 'answer-rejection'
  | 'rule'

/** Something that waits for an act of mine, and what happens without it. */
export type ContractRow = {
  readonly contract: ContractId
  readonly role: 'payer' | 'worker' | 'arbiter'
  readonly state: EscrowState['kind']
  readonly act: InboxAct
  /** False where nothing is lost by doing nothing. */
  readonly isNeeded: boolean
  /** The timer whose deadline it is; effective iff the set's stamp is smaller. */
  readonly timer: EscrowTimerName
  readonly by: Timestamp
  /** What happens by default, as a sentence. */
  readonly default: string
  /** What is at stake for me by default: credits that I pay, lose or do not get. */
  readonly amountNanos: Amount
  readonly currency: Currency
  /** Who keeps the credits, as in the contract; `C2/f=0` survives a crash and not a lie of the one notary. */
  readonly custody: string
}

/** Something outside of contracts that waits for an act of mine, and what happens without it. */
export type OutsideRow = {
  /** False where nothing is lost by doing nothing. */
  readonly isNeeded: boolean
  /** Effective iff the set's stamp is smaller. */
  readonly by: Timestamp
  /** What happens by default, as a sentence. */
  readonly default: string
} & (
  | {
      /** Somebody with the recovery key of an account has another key take the place of the one that signs for it. */
      readonly act: 'cancel-recovery'
      readonly account: Did
      readonly successor: Did
    }
  | { readonly act: 'vote'; readonly proposal: Hash }
)

/** Something that waits for an act of a party, in a contract or outside of contracts; only the former has `contract`. */
export type InboxRow = ContractRow | OutsideRow

type Row = Pick<ContractRow, 'act' | 'isNeeded' | 'timer' | 'by' | 'default'> & { readonly amountNanos: bigint }

/** What needs an act of one of my keys, the nearest deadline first. Pure: the same states give the same rows. */
export function inboxOf(states: Iterable<EscrowState>, keys: readonly Did[]): readonly ContractRow[] {
  const rows: ContractRow[] = []
  for (const state of states) {
    const { terms } = state
    const contract: ContractId = state.contract
    const role = keys.map((me) => roleOf(state, me)).find((found) => found !== undefined)
    if (role === undefined) continue
    const head = { contract, role, state: state.kind, currency: terms.currency, custody: terms.custodyLabel }
    for (const row of rowsOf(state, role)) rows.push({ ...head, ...row, amountNanos: amountFromNanos(row.amountNanos) })
  }
  return rows.toSorted((one, other) => one.by - other.by || (one.contract < other.contract ? -1 : 1))
}

/** Both in one list, the nearest deadline first. */
export function joinRows(contracts: readonly ContractRow[], outside: readonly OutsideRow[]): readonly InboxRow[] {
  return [...contracts, ...outside].toSorted((one, other) => one.by - other.by)
}

function roleOf({ terms }: EscrowState, me: Did): ContractRow['role'] | undefined {
  return partyOf(terms, me) ?? (terms.arbiters.members.includes(me) ? 'arbiter' : undefined)
}

function rowsOf(state: EscrowState, role: ContractRow['role']): readonly Row[] {
  const { terms } = state
  switch (state.kind) {
    case 'OFFERED':
      return offeredRows(state, role)
    case 'AGREED': {
      if (role === 'arbiter' || state.isHoldAsked) return []
      const outcome = 'ABORTED: nothing was held, nothing moves.'
      return [
        { act: 'request-hold', isNeeded: true, timer: 'hold', by: state.holdBy, default: outcome, amountNanos: 0n },
      ]
    }
    case 'HELD': {
      if (role !== 'worker') return []
      const outcome = 'VOIDED: the payer has everything back, and the penalty for not starting out of my bond.'
      const { p1Nanos: amountNanos } = terms.penalties
      return [{ act: 'start', isNeeded: true, timer: 'start', by: state.startBy, default: outcome, amountNanos }]
    }
    case 'WORKING':
      return workingRows(state, role)
    case 'DELIVERED': {
      if (role !== 'payer' || state.rejecting !== undefined) return []
      const outcome = 'Accepted automatically: the worker gets what it claims.'
      const { claimNanos: amountNanos } = state.delivery
      return [
        { act: 'accept-or-reject', isNeeded: true, timer: 'accept', by: state.acceptBy, default: outcome, amountNanos },
      ]
    }
    case 'DISPUTED':
      return disputedRows(state, role)
    case 'FROZEN': {
      if (role !== 'arbiter') return []
      const outcome = 'T_rule ends it at the worse of the two for whoever lied.'
      const amountNanos = frozenSplit({ ...state, voucherNanos: state.voucher.amountNanos })
      return [{ act: 'rule', isNeeded: true, timer: 'rule', by: state.ruleBy, default: outcome, amountNanos }]
    }
    default:
      return []
  }
}

function offeredRows(state: Extract<EscrowState, { kind: 'OFFERED' }>, role: ContractRow['role']): readonly Row[] {
  const head = { timer: 'offer', by: state.offerBy, amountNanos: 0n } as const
  const outcome = 'ABORTED: the offer expires, nothing was held.'
  if (role === 'payer' && !state.isAwarded) return [{ act: 'award', isNeeded: true, default: outcome, ...head }]
  return role !== 'arbiter' && state.isAwarded ? [{ act: 'sign', isNeeded: true, default: outcome, ...head }] : []
}

function workingRows(state: Extract<EscrowState, { kind: 'WORKING' }>, role: ContractRow['role']): readonly Row[] {
  const { terms, voucher, deliverBy, beatBy } = state
  const head = { timer: 'deliver', by: deliverBy } as const
  if (role === 'worker') {
    const amountNanos = terms.maxNanos - voucher.amountNanos + terms.penalties.p2Nanos
    const outcome = 'EXPIRED: the last voucher is captured, the rest goes back, and the penalty is out of my bond.'
    return [{ act: 'deliver', isNeeded: true, default: outcome, amountNanos, ...head }]
  }
  if (role !== 'payer' || beatBy !== undefined) return []
  const outcome = 'The worker is silent and may still deliver; without it the last voucher is paid at the deadline.'
  return [{ act: 'cancel', isNeeded: false, default: outcome, amountNanos: voucher.amountNanos, ...head }]
}

function disputedRows(state: Extract<EscrowState, { kind: 'DISPUTED' }>, role: ContractRow['role']): readonly Row[] {
  const { terms, rejection, delivery, evidenceBy, ruleBy } = state
  const workerNanos = fallbackSplit(terms, rejection.concededNanos, delivery.claimNanos)
  if (role === 'arbiter') {
    if (evidenceBy !== undefined) return []
    const outcome = 'FALLBACK: what is conceded, and the share that the contract names of the rest, go to the worker.'
    return [{ act: 'rule', isNeeded: true, timer: 'rule', by: ruleBy, default: outcome, amountNanos: workerNanos }]
  }
  if (evidenceBy === undefined) return []
  const outcome =
    'The record closes without it; arbiters rule on what is there, and without a ruling the fallback counts.'
  const head = { timer: 'evidence', by: evidenceBy, default: outcome } as const
  if (role === 'payer') return [{ act: 'add-evidence', isNeeded: false, amountNanos: workerNanos, ...head }]
  return [{ act: 'answer-rejection', isNeeded: true, amountNanos: delivery.claimNanos - workerNanos, ...head }]
}

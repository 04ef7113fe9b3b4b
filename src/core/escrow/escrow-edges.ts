import type { EscrowEventType } from './escrow-event.ts'
import type { EscrowStateKind } from './escrow-state.ts'
import type { EscrowTimerName } from './escrow-timers.ts'

/** Who has to have signed. `parties`: both. `anyone`: whoever brings it; the proof is inside. `notary`: no message, the stamp or the ledger. */
export const EDGE_SIGNERS = ['payer', 'worker', 'either', 'offerer', 'parties', 'arbiters', 'anyone', 'notary'] as const
export type EdgeSigners = (typeof EDGE_SIGNERS)[number]

/** What is asked of the ledger on an edge; `none` moves nothing. */
export type EdgeMoney = 'none' | 'hold' | 'release' | 'dispute-bond' | 'capture' | 'refund'

export type EscrowEdge = {
  readonly name: EscrowEdgeName
  readonly from: EscrowStateKind
  readonly event: EscrowEventType
  /** For `timer-fired`: which. */
  readonly timer: EscrowTimerName | undefined
  readonly signers: EdgeSigners
  /** Timer before whose deadline the event counts: effective iff stamp < deadline. */
  readonly before: EscrowTimerName | undefined
  /** What else must hold, in the words of the specification. */
  readonly guard: string
  readonly to: EscrowStateKind
  readonly money: EdgeMoney
}

type Row = readonly [
  name: string,
  from: EscrowStateKind,
  event: EscrowEventType,
  timer: EscrowTimerName | '-',
  signers: EdgeSigners,
  before: EscrowTimerName | '-',
  to: EscrowStateKind,
  money: EdgeMoney,
  guard: string,
]

/** One row per edge: name, state, event, timer, signers, deadline, next state, money, guard. */
const ROWS = [
  ['offer', 'DRAFT', 'offered', '-', 'either', '-', 'OFFERED', 'none', 'terms valid, offer not expired'],
  ['withdraw', 'OFFERED', 'withdrawn', '-', 'offerer', 'offer', 'ABORTED', 'none', '-'],
  ['award', 'OFFERED', 'awarded', '-', 'payer', 'offer', 'OFFERED', 'none', 'not awarded'],
  ['agree', 'OFFERED', 'contract-signed', '-', 'parties', 'offer', 'AGREED', 'none', 'awarded'],
  ['offer-expired', 'OFFERED', 'timer-fired', 'offer', 'notary', '-', 'ABORTED', 'none', '-'],
  ['offer-equivocation', 'OFFERED', 'equivocation-proved', '-', 'anyone', '-', 'ABORTED', 'none', 'proof against a party'],
  ['ask-hold', 'AGREED', 'hold-requested', '-', 'either', 'hold', 'AGREED', 'hold', 'hold not asked, tries left'],
  ['hold', 'AGREED', 'transfers-answered', '-', 'notary', 'hold', 'HELD', 'none', 'applied'],
  ['hold-refused', 'AGREED', 'transfers-answered', '-', 'notary', 'hold', 'AGREED', 'none', 'refused'],
  ['hold-late', 'AGREED', 'transfers-answered', '-', 'notary', '-', 'ABORTED', 'release', 'applied, stamp >= T_hold'],
  ['agreement-withdraw', 'AGREED', 'withdrawn', '-', 'either', 'hold', 'ABORTED', 'none', 'hold not asked'],
  ['hold-expired', 'AGREED', 'timer-fired', 'hold', 'notary', '-', 'ABORTED', 'release', 'release only if hold asked'],
  ['agreement-equivocation', 'AGREED', 'equivocation-proved', '-', 'anyone', '-', 'ABORTED', 'release', 'proof against a party; release only if hold asked'],
  ['start', 'HELD', 'started', '-', 'worker', 'start', 'WORKING', 'none', '-'],
  ['held-cancel', 'HELD', 'cancelled', '-', 'parties', 'start', 'CAPTURING', 'capture', 'amount <= maximum; ends VOIDED'],
  ['start-expired', 'HELD', 'timer-fired', 'start', 'notary', '-', 'CAPTURING', 'capture', 'nothing captured, p1; ends VOIDED'],
  ['held-freeze', 'HELD', 'equivocation-proved', '-', 'anyone', '-', 'FROZEN', 'none', 'proof against a party'],
  ['voucher', 'WORKING', 'voucher-signed', '-', 'parties', 'deliver', 'WORKING', 'none', 'number above the last, amount from the last to its milestone'],
  ['beat', 'WORKING', 'beat-sent', '-', 'worker', 'deliver', 'WORKING', 'none', '-'],
  ['beat-missed', 'WORKING', 'timer-fired', 'beat', 'notary', '-', 'WORKING', 'none', 'three beats missed'],
  ['deliver', 'WORKING', 'delivered', '-', 'worker', 'deliver', 'DELIVERED', 'none', 'last voucher <= claim <= maximum'],
  ['working-cancel', 'WORKING', 'cancelled', '-', 'parties', 'deliver', 'CAPTURING', 'capture', 'last voucher <= amount <= maximum; ends VOIDED'],
  ['stalled-cancel', 'WORKING', 'cancelled', '-', 'payer', 'deliver', 'CAPTURING', 'capture', 'stamp >= T_beat, amount = last voucher; ends VOIDED'],
  ['deliver-expired', 'WORKING', 'timer-fired', 'deliver', 'notary', '-', 'CAPTURING', 'capture', 'last voucher captured, p2; ends EXPIRED'],
  ['working-freeze', 'WORKING', 'equivocation-proved', '-', 'anyone', '-', 'FROZEN', 'none', 'proof against a party'],
  ['accept', 'DELIVERED', 'accepted', '-', 'payer', 'accept', 'CAPTURING', 'capture', 'claim <= amount <= maximum, not rejecting; ends SETTLED'],
  ['auto-accept', 'DELIVERED', 'timer-fired', 'accept', 'notary', '-', 'CAPTURING', 'capture', 'AUTO_ACCEPT: claim captured; ends SETTLED'],
  ['reject', 'DELIVERED', 'rejected', '-', 'payer', 'accept', 'DISPUTED', 'none', 'no dispute bond; last voucher <= conceded < claim'],
  ['ask-dispute', 'DELIVERED', 'rejected', '-', 'payer', 'accept', 'DELIVERED', 'dispute-bond', 'dispute bond > 0, tries left; last voucher <= conceded < claim'],
  ['dispute', 'DELIVERED', 'transfers-answered', '-', 'notary', '-', 'DISPUTED', 'none', 'dispute bond applied'],
  ['dispute-refused', 'DELIVERED', 'transfers-answered', '-', 'notary', '-', 'DELIVERED', 'none', 'dispute bond refused'],
  ['dispute-retry', 'DELIVERED', 'timer-fired', 'retry', 'notary', '-', 'DELIVERED', 'dispute-bond', 'rejecting'],
  ['delivered-freeze', 'DELIVERED', 'equivocation-proved', '-', 'anyone', '-', 'FROZEN', 'release', 'proof against a party; release only if rejecting'],
  ['contest', 'DISPUTED', 'disputed', '-', 'worker', 'evidence', 'DISPUTED', 'none', 'conceded < claim <= the claim before'],
  ['concede', 'DISPUTED', 'disputed', '-', 'worker', 'rule', 'CAPTURING', 'capture', 'claim = conceded; ends SETTLED'],
  ['evidence', 'DISPUTED', 'evidence-added', '-', 'either', 'evidence', 'DISPUTED', 'none', 'bounded, not in the record'],
  ['record-closed', 'DISPUTED', 'timer-fired', 'evidence', 'notary', '-', 'DISPUTED', 'none', '-'],
  ['rule', 'DISPUTED', 'ruled', '-', 'arbiters', 'rule', 'CAPTURING', 'capture', 'record closed, root matches, amount <= maximum; ends SETTLED'],
  ['fallback', 'DISPUTED', 'timer-fired', 'rule', 'notary', '-', 'CAPTURING', 'capture', "FALLBACK: the contract's split; ends SETTLED"],
  ['disputed-freeze', 'DISPUTED', 'equivocation-proved', '-', 'anyone', '-', 'FROZEN', 'none', 'proof against a party'],
  ['frozen-rule', 'FROZEN', 'ruled', '-', 'arbiters', 'rule', 'CAPTURING', 'capture', 'root matches, amount <= maximum, bond slashed; ends SETTLED'],
  ['frozen-fallback', 'FROZEN', 'timer-fired', 'rule', 'notary', '-', 'CAPTURING', 'capture', 'FALLBACK: bond slashed; ends SETTLED'],
  ['frozen-again', 'FROZEN', 'equivocation-proved', '-', 'anyone', 'rule', 'FROZEN', 'none', 'proof against the other party'],
  ['settle', 'CAPTURING', 'transfers-answered', '-', 'notary', '-', 'SETTLED', 'none', 'applied, ending SETTLED'],
  ['void', 'CAPTURING', 'transfers-answered', '-', 'notary', '-', 'VOIDED', 'none', 'applied, ending VOIDED'],
  ['expire', 'CAPTURING', 'transfers-answered', '-', 'notary', '-', 'EXPIRED', 'none', 'applied, ending EXPIRED'],
  ['capture-refused', 'CAPTURING', 'transfers-answered', '-', 'notary', '-', 'CAPTURING', 'none', 'refused'],
  ['capture-retry', 'CAPTURING', 'timer-fired', 'retry', 'notary', '-', 'CAPTURING', 'capture', '-'],
  ['ask-settle', 'CAPTURING', 'settle-requested', '-', 'either', '-', 'CAPTURING', 'capture', '-'],
  ['capturing-equivocation', 'CAPTURING', 'equivocation-proved', '-', 'anyone', '-', 'CAPTURING', 'none', 'proof against a party; the fault is noted'],
  ['ask-refund', 'SETTLED', 'refund-requested', '-', 'worker', 'refund', 'SETTLED', 'refund', '0 < amount <= captured - refunded, none under way, tries left'],
  ['refund-part', 'SETTLED', 'transfers-answered', '-', 'notary', '-', 'SETTLED', 'none', 'applied, some left, stamp < T_refund'],
  ['refund-last', 'SETTLED', 'transfers-answered', '-', 'notary', '-', 'FINAL', 'none', 'applied, some left, stamp >= T_refund'],
  ['refund-full', 'SETTLED', 'transfers-answered', '-', 'notary', '-', 'REFUNDED', 'none', 'applied, none left'],
  ['refund-refused', 'SETTLED', 'transfers-answered', '-', 'notary', '-', 'SETTLED', 'none', 'refused'],
  ['refund-retry', 'SETTLED', 'timer-fired', 'retry', 'notary', '-', 'SETTLED', 'refund', 'refund under way'],
  ['settled-equivocation', 'SETTLED', 'equivocation-proved', '-', 'anyone', '-', 'SETTLED', 'none', 'proof against a party; the fault is noted'],
  ['finish', 'SETTLED', 'timer-fired', 'refund', 'notary', '-', 'FINAL', 'none', 'no refund under way'],
  ['prune-aborted', 'ABORTED', 'timer-fired', 'retain', 'notary', '-', 'ABORTED', 'none', 'kept as a record'],
  ['prune-voided', 'VOIDED', 'timer-fired', 'retain', 'notary', '-', 'VOIDED', 'none', 'kept as a record'],
  ['prune-expired', 'EXPIRED', 'timer-fired', 'retain', 'notary', '-', 'EXPIRED', 'none', 'kept as a record'],
  ['prune-final', 'FINAL', 'timer-fired', 'retain', 'notary', '-', 'FINAL', 'none', 'kept as a record'],
  ['prune-refunded', 'REFUNDED', 'timer-fired', 'retain', 'notary', '-', 'REFUNDED', 'none', 'kept as a record'],
] as const satisfies readonly Row[]

export type EscrowEdgeName = (typeof ROWS)[number][0]

/**
 * Every edge of the machine. `protocol/spec/escrow.md` has the same table, held equal by a test, and the machine takes signers, deadline and next state from
 * here; each effective step names its row by `record-transition`.
 */
export const ESCROW_EDGES: readonly EscrowEdge[] = ROWS.map(
  ([name, from, event, timer, signers, before, to, money, guard]): EscrowEdge => ({
    name,
    from,
    event,
    timer: timer === '-' ? undefined : timer,
    signers,
    before: before === '-' ? undefined : before,
    guard,
    to,
    money,
  }),
)

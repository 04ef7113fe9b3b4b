import type { Amount } from '../../base/money.ts'
import { type DurationMs, HOUR_MS, type Timestamp } from '../../base/time.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'

/** The two sides of a contract. */
export const ESCROW_PARTIES = ['payer', 'worker'] as const
/** One side of a contract: who pays, or who works for it. Notaries and arbiters are no parties. */
export type EscrowParty = (typeof ESCROW_PARTIES)[number]

/**
 * Who carries the risk while work goes on. `C1` bilateral credit: nothing is held, the payer's own credit line is reserved, and the worker trusts the payer up to a
 * limit. `C2` notary custody: the notary set's ledger holds the price. `C3` bonded: as `C2`, and both sides have a bond at stake.
 */
export const CUSTODY_MODELS = ['C1', 'C2', 'C3'] as const
/** One of `CUSTODY_MODELS`, which says what each means. What is shown to people is the label that the model has with a set of that size (`custodyLabelOf`). */
export type CustodyModel = (typeof CUSTODY_MODELS)[number]

/** The custody as everybody sees it. `/f=0`: one notary, which survives its crash and not its lie. */
export type CustodyLabel = CustodyModel | 'C2/f=0' | 'C3/f=0'

/** Which notaries order the contract's messages and keep its ledger. */
export type NotarySetTerms = {
  /** Hash of the signed notary set document. */
  readonly id: Hash
  /** Epoch of the set, from 0. */
  readonly epoch: number
  /** Members, n = 3f + 1, at least 1. */
  readonly n: number
  /** Signatures of a certificate, m = 2f + 1. */
  readonly m: number
  /** Owner of the `fee` account that the set earns into. */
  readonly feeOwner: Did
}

/** Who may rule on a dispute. */
export type ArbiterTerms = {
  /** Distinct, sorted in code unit order, 0 to `ARBITERS_MAX`, neither party among them. Empty: nobody rules, and the fallback ends each dispute. */
  readonly members: readonly Did[]
  /** Signatures that make a ruling: 1 to the number of members; 0 when there are none. */
  readonly k: number
}

/** Spans from the instant that each timer names; deadlines are that instant's stamp plus the span. Integer milliseconds. */
export type EscrowTimers = {
  /** T_offer: from the first stamp of the offer, never beyond the offer's own expiry. */
  readonly offerMs: DurationMs
  /** T_hold: from the agreement. */
  readonly holdMs: DurationMs
  /** T_start: from the hold. Shorter than `deliverMs`. */
  readonly startMs: DurationMs
  /** T_beat: longest silence of one beat; three of them let the payer cancel. */
  readonly beatMs: DurationMs
  /** T_deliver: from the hold. */
  readonly deliverMs: DurationMs
  /** Added to `deliverMs`; may be 0. */
  readonly graceMs: DurationMs
  /** T_accept: from the stamp of the delivery. */
  readonly acceptMs: DurationMs
  /** T_evidence: from the start of the dispute. Shorter than `ruleMs`. */
  readonly evidenceMs: DurationMs
  /** T_rule: from the start of the dispute, or from the proof that froze the contract. */
  readonly ruleMs: DurationMs
  /** T_refund: from the settlement; 0: no refunds. */
  readonly refundMs: DurationMs
  /** T_retain: from the end of the contract until it is pruned to a record. */
  readonly retainMs: DurationMs
}

/** Names of the spans, in their order on the wire; each has a minimum and a maximum among the parameters. */
export const TIMER_NAMES = [
  'offerMs',
  'holdMs',
  'startMs',
  'beatMs',
  'deliverMs',
  'graceMs',
  'acceptMs',
  'evidenceMs',
  'ruleMs',
  'refundMs',
  'retainMs',
] as const satisfies readonly (keyof EscrowTimers)[]
export type TimerName = (typeof TIMER_NAMES)[number]

/** What each side puts at stake. All 0 in `C1`; payer's and worker's are 0 in `C2`. */
export type EscrowBonds = {
  readonly payerNanos: Amount
  readonly workerNanos: Amount
  /** Reserved from the payer when it rejects; pays the arbiters, and what is left goes back. */
  readonly disputeNanos: Amount
}

/** What a worker loses of its bond, to the payer. Neither is above the worker's bond. */
export type EscrowPenalties = {
  /** Never started. */
  readonly p1Nanos: Amount
  /** Started and never delivered. */
  readonly p2Nanos: Amount
}

/**
 * What the notary set and the arbiters earn. The notary's fee comes out of what the worker gets:
 * `min(cap, captured, flat + floor(captured * perMillion / 1_000_000))`.
 */
export type EscrowFees = {
  /** The notary's fee is never above it. At most `maxNanos`. */
  readonly capNanos: Amount
  readonly flatNanos: Amount
  /** Share of the captured amount in millionths, 0 to 1_000_000. */
  readonly perMillion: number
  /** For each of the first k arbiters that signed a ruling. k of them are at most the dispute bond. */
  readonly arbiterNanos: Amount
}

/** The credit that a worker gives a payer, in `C1`. Both sign the terms, so each contract co-signs the account as it stood. */
export type CreditTerms = {
  /** What the payer may owe the worker at most, this contract's price included. */
  readonly limitNanos: Amount
  /** What it owes before this contract. */
  readonly owedNanos: Amount
  /** Head of the account that both sign on: of the contract before and its certified end, or the beginning of the two (`credit-account.ts`). */
  readonly accountHead: Hash
}

/**
 * What payer and worker sign. Its canonical bytes are hashed to the contract's id, so a contract never changes: other terms are another contract.
 */
export type EscrowTerms = {
  /** Name of the network. Whoever signs signs for this one, since all that is signed jointly names the contract. */
  readonly net: string
  /**
   * The instant before which the terms are offered and signed, by the stamp. A joint signature is worth nothing from then on; until then the notary set keeps the contract,
   * so that no contract runs twice. At most `SIGN_SPAN_MAX` after the stamp of the offer.
   */
  readonly signBy: Timestamp
  readonly payer: Did
  readonly worker: Did
  readonly notarySet: NotarySetTerms
  readonly arbiters: ArbiterTerms
  readonly custody: CustodyModel
  /** Given by `custody` and `notarySet.n`; written out, so that nobody has to know the rule to see the risk. */
  readonly custodyLabel: CustodyLabel
  readonly taskHash: Hash
  /** Hash of the capability chain under which the payer acts. */
  readonly capabilityHash: Hash
  /** Hash of the acceptance predicate: what the worker runs before it delivers and the payer before it accepts. */
  readonly predicateHash: Hash
  /** Which verifier runs the predicate: a word such as `text.word-count/1`. */
  readonly verifier: string
  readonly currency: Currency
  /** The most that the work can cost, above 0; what is held. */
  readonly maxNanos: Amount
  /** Cumulative amounts of the vouchers 1, 2, ...: strictly rising, the last at most `maxNanos`; at most `MILESTONES_MAX`. Empty: vouchers of any amount. */
  readonly milestonesNanos: readonly Amount[]
  readonly timers: EscrowTimers
  readonly bonds: EscrowBonds
  readonly penalties: EscrowPenalties
  readonly fees: EscrowFees
  /**
   * The fallback's split, when no ruling comes in time: the worker gets what the payer concedes and this share of what is disputed, in millionths, 0 to 1_000_000;
   * the payer gets the rest, and bonds go back. 0, the default, leaves the worker what is undisputed.
   */
  readonly fallbackPerMillion: number
  /** Only in `C1`. */
  readonly credit: CreditTerms | undefined
  /** Hash of the parameter set whose rules hold for this contract to its end. */
  readonly parametersHash: Hash
  /** 128 random bits, base64url, 22 characters. */
  readonly salt: string
}

/** Furthest that `signBy` may be ahead of the offer's stamp. What was never held is kept for about as long, so nobody fills the books with offers for longer. */
export const SIGN_SPAN_MAX: DurationMs = HOUR_MS
/** Arbiters of a contract at most. */
export const ARBITERS_MAX = 16
/** Milestones of a contract at most. */
export const MILESTONES_MAX = 64
/** Silent beats after which the payer may cancel alone. */
export const BEATS_MISSED_MAX = 3

/** The label that terms must carry, and that is shown wherever custody is: with one notary it says that a lie of that one is not survived. */
export function custodyLabelOf(custody: CustodyModel, n: number): CustodyLabel {
  if (n > 1 || custody === 'C1') return custody
  return custody === 'C2' ? 'C2/f=0' : 'C3/f=0'
}

/** Who a party is. */
export function didOf(terms: EscrowTerms, party: EscrowParty): Did {
  return party === 'payer' ? terms.payer : terms.worker
}

/** Which party a signer is; `undefined` for everybody else. */
export function partyOf(terms: EscrowTerms, did: Did): EscrowParty | undefined {
  if (did === terms.payer) return 'payer'
  return did === terms.worker ? 'worker' : undefined
}

export function otherParty(party: EscrowParty): EscrowParty {
  return party === 'payer' ? 'worker' : 'payer'
}

import { canonicalJson } from '../../base/canonical-json.ts'
import {
  AMOUNT_FIELD,
  CID_FIELD,
  CONTRACT_FIELD,
  COUNT_FIELD,
  CURRENCY_FIELD,
  DID_FIELD,
  type FieldCodec,
  type FieldRow,
  FLAG_FIELD,
  HASH_FIELD,
  listOf,
  oneOf,
  optional,
  recordOf,
  TEXT_FIELD,
  unionOf,
} from '../ledger/codec-fields.ts'
import { CHAIN_LENGTH_MAX } from '../capability/check-alignment.ts'
import { ESCROW_MONEY, type EscrowEvent } from './escrow-event.ts'
import { ESCROW_FAULTS, type EscrowState, EVIDENCE_MAX, HEARD_MAX, SETTLEMENT_CAUSES } from './escrow-state.ts'
import {
  ARBITERS_MAX,
  CUSTODY_MODELS,
  ESCROW_PARTIES,
  type EscrowTerms,
  MILESTONES_MAX,
  TIMER_NAMES,
} from './escrow-terms.ts'
import { ESCROW_TIMER_NAMES } from './escrow-timers.ts'

/** A member that is called the same in memory and in JSON. */
function row(name: string, codec: FieldCodec): FieldRow {
  return [name, name, codec]
}

function rows(codec: FieldCodec, names: readonly string[]): readonly FieldRow[] {
  return names.map((name) => row(name, codec))
}

const SIGNERS = row('signers', listOf(DID_FIELD, ARBITERS_MAX))
const PARTY = oneOf(ESCROW_PARTIES)

/** The spans of `EscrowTimers`, for terms and for the rules of parameter sets. */
export const TIMERS_FIELD: FieldCodec = recordOf(rows(COUNT_FIELD, TIMER_NAMES))

export const NOTARY_SET_FIELD: FieldCodec = recordOf([
  row('id', HASH_FIELD),
  ...rows(COUNT_FIELD, ['epoch', 'n', 'm']),
  row('feeOwner', DID_FIELD),
])

/** Terms in the journal and in snapshots. What is signed is written by `src/wire/v1/escrow-terms.ts`. */
export const TERMS_FIELD: FieldCodec = recordOf([
  row('net', TEXT_FIELD),
  row('signBy', COUNT_FIELD),
  ...rows(DID_FIELD, ['payer', 'worker']),
  row('notarySet', NOTARY_SET_FIELD),
  row('arbiters', recordOf([row('members', listOf(DID_FIELD, ARBITERS_MAX)), row('k', COUNT_FIELD)])),
  row('custody', oneOf(CUSTODY_MODELS)),
  row('custodyLabel', oneOf(['C1', 'C2', 'C3', 'C2/f=0', 'C3/f=0'])),
  ...rows(HASH_FIELD, ['taskHash', 'capabilityHash', 'predicateHash']),
  row('verifier', TEXT_FIELD),
  row('currency', CURRENCY_FIELD),
  row('maxNanos', AMOUNT_FIELD),
  row('milestonesNanos', listOf(AMOUNT_FIELD, MILESTONES_MAX)),
  row('timers', TIMERS_FIELD),
  row('bonds', recordOf(rows(AMOUNT_FIELD, ['payerNanos', 'workerNanos', 'disputeNanos']))),
  row('penalties', recordOf(rows(AMOUNT_FIELD, ['p1Nanos', 'p2Nanos']))),
  row(
    'fees',
    recordOf([...rows(AMOUNT_FIELD, ['capNanos', 'flatNanos', 'arbiterNanos']), row('perMillion', COUNT_FIELD)]),
  ),
  row('fallbackPerMillion', COUNT_FIELD),
  row(
    'credit',
    optional(recordOf([...rows(AMOUNT_FIELD, ['limitNanos', 'owedNanos']), row('accountHead', HASH_FIELD)])),
  ),
  row('parametersHash', HASH_FIELD),
  row('salt', TEXT_FIELD),
])

const EVIDENCE: readonly FieldRow[] = [
  row('envelope', HASH_FIELD),
  row('iss', DID_FIELD),
  row('seq', COUNT_FIELD),
  row('prev', optional(HASH_FIELD)),
  row('at', COUNT_FIELD),
]

const AUTHORITY = recordOf([
  ...rows(HASH_FIELD, ['capabilityHash']),
  row('contract', CONTRACT_FIELD),
  ...rows(DID_FIELD, ['subject', 'payer', 'worker']),
  row('links', listOf(recordOf([row('cid', CID_FIELD), row('iss', DID_FIELD)]), CHAIN_LENGTH_MAX)),
  row('skill', TEXT_FIELD),
  row('currency', CURRENCY_FIELD),
  row('custody', oneOf(CUSTODY_MODELS)),
  row('maxNanos', AMOUNT_FIELD),
])

const MESSAGE_ROWS: Readonly<Record<string, readonly FieldRow[]>> = {
  offered: [...EVIDENCE, row('expiresAt', COUNT_FIELD)],
  withdrawn: EVIDENCE,
  awarded: EVIDENCE,
  'contract-signed': [...EVIDENCE, SIGNERS, row('authority', optional(AUTHORITY))],
  'hold-requested': EVIDENCE,
  started: EVIDENCE,
  'voucher-signed': [
    ...EVIDENCE,
    row('number', COUNT_FIELD),
    row('amountNanos', AMOUNT_FIELD),
    row('meter', HASH_FIELD),
    SIGNERS,
  ],
  'beat-sent': [...EVIDENCE, row('meter', HASH_FIELD)],
  delivered: [
    ...EVIDENCE,
    ...rows(HASH_FIELD, ['result', 'manifest', 'meter', 'verdict']),
    row('claimNanos', AMOUNT_FIELD),
  ],
  accepted: [...EVIDENCE, row('amountNanos', AMOUNT_FIELD)],
  rejected: [...EVIDENCE, row('reason', TEXT_FIELD), row('evidence', HASH_FIELD), row('concededNanos', AMOUNT_FIELD)],
  disputed: [...EVIDENCE, row('evidence', HASH_FIELD), row('claimNanos', AMOUNT_FIELD)],
  'evidence-added': [...EVIDENCE, row('hash', HASH_FIELD)],
  ruled: [...EVIDENCE, row('evidenceRoot', HASH_FIELD), row('workerNanos', AMOUNT_FIELD), SIGNERS],
  cancelled: [...EVIDENCE, row('amountNanos', AMOUNT_FIELD), SIGNERS],
  'settle-requested': EVIDENCE,
  'refund-requested': [...EVIDENCE, row('amountNanos', AMOUNT_FIELD)],
  'equivocation-proved': [
    ...EVIDENCE,
    row('culprit', DID_FIELD),
    row('culpritSeq', COUNT_FIELD),
    ...rows(HASH_FIELD, ['first', 'second']),
  ],
}

/** Messages about contracts, for whoever writes them into a journal. */
export const ESCROW_MESSAGE_FIELD: FieldCodec = unionOf('type', MESSAGE_ROWS)

const EVENT_FIELD = unionOf('type', {
  ...MESSAGE_ROWS,
  'transfers-answered': [
    row('money', oneOf(ESCROW_MONEY)),
    row('attempt', COUNT_FIELD),
    row('isApplied', FLAG_FIELD),
    row('at', COUNT_FIELD),
  ],
  'timer-fired': [row('name', oneOf(ESCROW_TIMER_NAMES)), row('at', COUNT_FIELD)],
})

const HEARD = listOf(
  recordOf([row('iss', DID_FIELD), row('seq', COUNT_FIELD), row('envelope', HASH_FIELD)]),
  HEARD_MAX * (ARBITERS_MAX + 2),
)
const HEAD: readonly FieldRow[] = [row('contract', CONTRACT_FIELD), row('terms', TERMS_FIELD), row('heard', HEARD)]
const FUNDED: readonly FieldRow[] = [...HEAD, row('holdAttempt', COUNT_FIELD)]
const VOUCHER = row(
  'voucher',
  recordOf([row('number', COUNT_FIELD), row('amountNanos', AMOUNT_FIELD), row('meter', optional(HASH_FIELD))]),
)
const DELIVERY = row(
  'delivery',
  recordOf([...rows(HASH_FIELD, ['result', 'manifest', 'meter', 'verdict']), row('claimNanos', AMOUNT_FIELD)]),
)
const REJECTION = row(
  'rejection',
  recordOf([row('reason', TEXT_FIELD), row('evidence', HASH_FIELD), row('concededNanos', AMOUNT_FIELD)]),
)
const DISPUTE_ATTEMPT = row('disputeAttempt', optional(COUNT_FIELD))
const OUTCOME: readonly FieldRow[] = [
  ...HEAD,
  row('cause', oneOf(SETTLEMENT_CAUSES)),
  ...rows(AMOUNT_FIELD, ['capturedNanos', 'feeNanos', 'refundedNanos']),
  row('fault', oneOf(ESCROW_FAULTS)),
]
const ENDED: readonly FieldRow[] = [...OUTCOME, row('retainUntil', COUNT_FIELD)]
const SETTLEMENT = recordOf([
  row('cause', oneOf(SETTLEMENT_CAUSES)),
  row('ending', oneOf(['SETTLED', 'VOIDED', 'EXPIRED'])),
  ...rows(AMOUNT_FIELD, ['capturedNanos', 'feeNanos', 'workerSlashedNanos', 'payerSlashedNanos', 'voucherNanos']),
  row('paidArbiters', listOf(DID_FIELD, ARBITERS_MAX)),
  DISPUTE_ATTEMPT,
  row('fault', oneOf(ESCROW_FAULTS)),
])

/** A contract's state in a snapshot. */
export const ESCROW_STATE_FIELD: FieldCodec = unionOf('kind', {
  DRAFT: HEAD,
  OFFERED: [...HEAD, row('offeredBy', PARTY), row('isAwarded', FLAG_FIELD), row('offerBy', COUNT_FIELD)],
  AGREED: [...HEAD, ...rows(COUNT_FIELD, ['holdBy', 'holdAttempts']), row('isHoldAsked', FLAG_FIELD)],
  HELD: [...FUNDED, ...rows(COUNT_FIELD, ['startBy', 'deliverBy'])],
  WORKING: [...FUNDED, row('beatBy', optional(COUNT_FIELD)), row('deliverBy', COUNT_FIELD), VOUCHER],
  DELIVERED: [
    ...FUNDED,
    ...rows(COUNT_FIELD, ['acceptBy', 'disputeAttempts']),
    VOUCHER,
    DELIVERY,
    row('rejecting', optional(recordOf([REJECTION, row('retryAt', COUNT_FIELD)]))),
  ],
  DISPUTED: [
    ...FUNDED,
    row('ruleBy', COUNT_FIELD),
    row('evidenceBy', optional(COUNT_FIELD)),
    VOUCHER,
    DELIVERY,
    REJECTION,
    row('evidence', listOf(recordOf([row('party', PARTY), row('hash', HASH_FIELD)]), 2 * EVIDENCE_MAX + 1)),
    DISPUTE_ATTEMPT,
  ],
  FROZEN: [
    ...FUNDED,
    row('ruleBy', COUNT_FIELD),
    VOUCHER,
    row('claimNanos', optional(AMOUNT_FIELD)),
    row('equivocators', recordOf(rows(FLAG_FIELD, ['payer', 'worker']))),
    row('evidenceRoot', HASH_FIELD),
    DISPUTE_ATTEMPT,
  ],
  CAPTURING: [...FUNDED, row('settlement', SETTLEMENT), ...rows(COUNT_FIELD, ['attempt', 'retryAt'])],
  SETTLED: [
    ...OUTCOME,
    ...rows(COUNT_FIELD, ['refundBy', 'refundAttempts']),
    row('refunding', optional(recordOf([row('amountNanos', AMOUNT_FIELD), row('retryAt', COUNT_FIELD)]))),
  ],
  ABORTED: [...HEAD, row('retainUntil', COUNT_FIELD)],
  VOIDED: ENDED,
  EXPIRED: ENDED,
  FINAL: ENDED,
  REFUNDED: ENDED,
})

/** Canonical JSON of a state: equal for equal states. */
export function formatEscrowState(state: EscrowState): string {
  return canonicalJson(ESCROW_STATE_FIELD.write(state))
}

/** Reads the JSON of `formatEscrowState`; `undefined` for anything else. */
export function parseEscrowState(json: unknown): EscrowState | undefined {
  return ESCROW_STATE_FIELD.read(json) as EscrowState | undefined
}

/** Canonical JSON of an event. */
export function formatEscrowEvent(event: EscrowEvent): string {
  return canonicalJson(EVENT_FIELD.write(event))
}

/** Reads the JSON of `formatEscrowEvent`; `undefined` for anything else. */
export function parseEscrowEvent(json: unknown): EscrowEvent | undefined {
  return EVENT_FIELD.read(json) as EscrowEvent | undefined
}

/** Reads the JSON of terms; `undefined` for anything else. Whether they are a contract is said by `refuseTerms`. */
export function parseEscrowTerms(json: unknown): EscrowTerms | undefined {
  return TERMS_FIELD.read(json) as EscrowTerms | undefined
}

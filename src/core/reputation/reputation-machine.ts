import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import { addEvidence, type BetaWeights, type Rating } from './beta-standing.ts'
import { isPolicySound, type ReputationPolicy, UNIT_MICROS } from './reputation-policy.ts'
import {
  ENDINGS,
  isAtFault,
  isReceiptSound,
  judgeReceipt,
  REPUTATION_ROLES,
  reputationReceiptHash,
  type ReputationReceipt,
  type ReputationRole,
} from './reputation-receipt.ts'
import type { ReputationRefusalCode } from './reputation-refusals.ts'
import {
  type CountedContract,
  epochOf,
  type ReceiptSigner,
  type ReputationInput,
  type ReputationState,
  type Standing,
  standingKey,
} from './reputation-state.ts'
import { reputationViolations } from './reputation-violations.ts'

/** What the books of reputation are told. `at` never goes back (`REPUTATION_TIME_BACK`). */
export type ReputationEvent =
  | {
      /**
       * A contract ended. The shell has checked that the message or messages carry exactly this receipt, and that the certificate says the same of the
       * contract's parties, hold, payment and ending.
       */
      readonly type: 'receipt-presented'
      readonly receipt: ReputationReceipt
      /** By the payer; `undefined` when it has not signed. */
      readonly payerSigned: Evidence | undefined
      /** By the worker; `undefined` when it has not signed. */
      readonly workerSigned: Evidence | undefined
      /** Hash of the notary set's certificate of the terminal transition. */
      readonly certificate: Hash
      readonly at: Timestamp
    }
  /** Time went by: what left the horizon is dropped. */
  | { readonly type: 'time-passed'; readonly at: Timestamp }

/** Two receipts of one contract, and the messages of those who signed both. */
export type ReceiptConflict = {
  readonly contract: ContractId
  readonly kept: Hash
  readonly given: Hash
  readonly liars: readonly { readonly iss: Did; readonly kept: Hash; readonly given: Hash }[]
}

/**
 * What a receipt did to the books of reputation: the weights that it added, or why it added none. Each contract counts once; a second receipt that says
 * something else is refused with the conflict.
 */
export type ReputationEffect =
  | {
      readonly type: 'reputation-updated'
      readonly contract: ContractId
      readonly updates: readonly ReputationUpdate[]
    }
  /** The very receipt was counted before. */
  | { readonly type: 'receipt-exists'; readonly contract: ContractId }
  | {
      readonly type: 'event-refused'
      readonly code: ReputationRefusalCode
      readonly reason?: string
      /** With `REPUTATION_RECEIPT_CONFLICT`. */
      readonly conflict?: ReceiptConflict
    }

export type ReputationUpdate = BetaWeights & {
  readonly subject: Did
  readonly role: ReputationRole
  readonly rater: Did
}

/**
 * What is known of parties from contracts that ended: exactly one update per contract that reached HELD, whatever order receipts come in and however often.
 *
 * ```text
 * receipt -> contracts[id]                    once; the same again is answered, another one is refused with a proof
 *         -> standings[role, subject].ratings[rater, source].epochs[epoch] += good, bad
 * ```
 *
 * Weights are kept by epoch and undecayed; forgetting and caps are applied when a standing is read (`weighRatings`).
 */
export const REPUTATION_MACHINE: Machine<ReputationState, ReputationEvent, ReputationEffect, ReputationInput> = {
  name: 'reputation',
  initial: ({ at, policy }) => ({ at, policy, contracts: emptyBucketMap(), standings: emptyBucketMap() }),
  transition,
  violations: reputationViolations,
}

function transition(state: ReputationState, event: ReputationEvent): Step<ReputationState, ReputationEffect> {
  if (!isPolicySound(state.policy)) return refused(state, 'REPUTATION_POLICY_BAD')
  if (!Number.isSafeInteger(event.at) || event.at < state.at) return refused(state, 'REPUTATION_TIME_BACK')
  switch (event.type) {
    case 'receipt-presented':
      return presentReceipt(state, event)
    case 'time-passed':
      return { state: forget({ ...state, at: event.at }, state.at), effects: [] }
    default:
      return assertNever(event)
  }
}

type ReceiptPresented = Extract<ReputationEvent, { type: 'receipt-presented' }>

function presentReceipt(state: ReputationState, event: ReceiptPresented): Step<ReputationState, ReputationEffect> {
  const { receipt } = event
  const code = findFault(state, event)
  if (code !== undefined) return refused(state, code)
  const hash = reputationReceiptHash(receipt)
  const known = bucketMapGet(state.contracts, receipt.contract)
  if (known !== undefined) return answerKnown(state, event, { known, hash })
  const weights = weighReceipt(state.policy, receipt)
  if (weights === undefined) return refused(state, 'REPUTATION_CURRENCY_UNKNOWN')
  if (weights.heldMicros < state.policy.valueMinMicros) return refused(state, 'REPUTATION_VALUE_SMALL')
  if (state.contracts.size >= state.policy.contractsMax) return refused(state, 'REPUTATION_FULL', 'contracts')
  const epoch = epochOf(state.policy, receipt.endedAt)
  const updates = updatesOf(receipt, weights)
  let standings = state.standings
  for (const update of updates) {
    const source = update.role === 'worker' ? receipt.payerSource : receipt.workerSource
    const changed = rate({ standings, policy: state.policy }, update, { source, epoch })
    if (changed === undefined) return refused(state, 'REPUTATION_FULL', 'subjects or raters')
    standings = changed
  }
  const counted: CountedContract = {
    receipt: hash,
    epoch,
    signers: signersOf(event),
    updates: updates.length,
    weightMicros: updates.reduce((sum, { goodMicros, badMicros }) => sum + goodMicros + badMicros, 0n),
  }
  const contracts = bucketMapSet(state.contracts, receipt.contract, counted)
  const next = forget({ ...state, at: event.at, contracts, standings }, state.at)
  return { state: next, effects: [{ type: 'reputation-updated', contract: receipt.contract, updates }] }
}

function findFault(state: ReputationState, event: ReceiptPresented): ReputationRefusalCode | undefined {
  const { receipt } = event
  if (!isReceiptSound(receipt)) return 'REPUTATION_RECEIPT_MALFORMED'
  if (!isSigned(event)) return 'REPUTATION_RECEIPT_UNSIGNED'
  if (receipt.endedAt > event.at) return 'REPUTATION_RECEIPT_EARLY'
  const age = epochOf(state.policy, event.at) - epochOf(state.policy, receipt.endedAt)
  return age >= state.policy.epochsKept ? 'REPUTATION_RECEIPT_OLD' : undefined
}

/** Everybody whom the ending needs has signed, at least one party has, and nobody else. */
function isSigned({ receipt, payerSigned, workerSigned }: ReceiptPresented): boolean {
  const signers: readonly ReputationRole[] = ENDINGS[receipt.cause].signers
  const needed = signers.filter((role) => !isAtFault(receipt, role))
  if (payerSigned === undefined && workerSigned === undefined) return false
  if (payerSigned === undefined ? needed.includes('payer') : payerSigned.iss !== receipt.payer) return false
  return workerSigned === undefined ? !needed.includes('worker') : workerSigned.iss === receipt.worker
}

function signersOf({ payerSigned, workerSigned }: ReceiptPresented): readonly ReceiptSigner[] {
  return [payerSigned, workerSigned].flatMap((signed) =>
    signed === undefined ? [] : [{ iss: signed.iss, envelope: signed.envelope }],
  )
}

function answerKnown(
  state: ReputationState,
  event: ReceiptPresented,
  { known, hash }: { readonly known: CountedContract; readonly hash: Hash },
): Step<ReputationState, ReputationEffect> {
  const { contract } = event.receipt
  if (known.receipt === hash) return { state, effects: [{ type: 'receipt-exists', contract }] }
  const given = signersOf(event)
  const liars = known.signers.flatMap(({ iss, envelope }) => {
    const again = given.find((signer) => signer.iss === iss)
    return again === undefined ? [] : [{ iss, kept: envelope, given: again.envelope }]
  })
  const conflict: ReceiptConflict = { contract, kept: known.receipt, given: hash, liars }
  return { state, effects: [{ type: 'event-refused', code: 'REPUTATION_RECEIPT_CONFLICT', conflict }] }
}

type ReceiptWeights = { readonly heldMicros: bigint } & Readonly<Record<ReputationRole, BetaWeights | undefined>>

/** Value in units of evidence, one contract's capped; `undefined` for a currency that the policy does not name. */
function weighReceipt(policy: ReputationPolicy, receipt: ReputationReceipt): ReceiptWeights | undefined {
  const unit = policy.unitNanos.get(receipt.currency)
  if (unit === undefined) return undefined
  const heldMicros = (receipt.heldNanos * UNIT_MICROS) / unit
  const weigh = (role: ReputationRole): BetaWeights | undefined => {
    const judged = judgeReceipt(receipt, role)
    if (judged === undefined) return undefined
    const goodMicros = (judged.goodNanos * UNIT_MICROS) / unit
    const badMicros = (judged.badNanos * UNIT_MICROS) / unit
    const total = goodMicros + badMicros
    const cap = policy.contractCapMicros
    if (total <= cap) return { goodMicros, badMicros }
    return { goodMicros: (goodMicros * cap) / total, badMicros: (badMicros * cap) / total }
  }
  return { heldMicros, payer: weigh('payer'), worker: weigh('worker') }
}

function updatesOf(receipt: ReputationReceipt, weights: ReceiptWeights): readonly ReputationUpdate[] {
  return REPUTATION_ROLES.flatMap((role) => {
    const weight = weights[role]
    if (weight === undefined) return []
    const rater = role === 'worker' ? receipt.payer : receipt.worker
    return [{ subject: receipt[role], role, rater, ...weight }]
  })
}

function rate(
  { standings, policy }: Pick<ReputationState, 'standings' | 'policy'>,
  update: ReputationUpdate,
  { source, epoch }: { readonly source: Hash; readonly epoch: number },
): BucketMap<Standing> | undefined {
  const { subject, role, rater, goodMicros, badMicros } = update
  const key = standingKey(subject, role)
  const known = bucketMapGet(standings, key)
  if (known === undefined && standings.size >= policy.subjectsMax) return undefined
  const ratings = new Map(known?.ratings)
  const ratingKey = `${rater} ${source}`
  const rating = ratings.get(ratingKey) ?? { rater, source, epochs: [] }
  if (rating.epochs.length === 0 && ratings.size >= policy.ratersMax) return undefined
  ratings.set(ratingKey, addEvidence(rating, { epoch, goodMicros, badMicros }))
  return bucketMapSet(standings, key, { subject, role, ratings })
}

/** Drops what left the horizon, when an epoch began since `before`. */
function forget(state: ReputationState, before: Timestamp): ReputationState {
  const { policy } = state
  const now = epochOf(policy, state.at)
  if (now === epochOf(policy, before)) return state
  const oldest = now - policy.epochsKept + 1
  let { contracts, standings } = state
  for (const [id, { epoch }] of bucketMapEntries(contracts)) {
    if (epoch < oldest) contracts = bucketMapDelete(contracts, id)
  }
  for (const [key, standing] of bucketMapEntries(standings)) {
    if (![...standing.ratings.values()].some(({ epochs }) => (epochs[0]?.epoch ?? oldest) < oldest)) continue
    const ratings = new Map<string, Rating>()
    for (const [ratingKey, rating] of standing.ratings) {
      const epochs = rating.epochs.filter(({ epoch }) => epoch >= oldest)
      if (epochs.length > 0) ratings.set(ratingKey, { ...rating, epochs })
    }
    standings =
      ratings.size === 0 ? bucketMapDelete(standings, key) : bucketMapSet(standings, key, { ...standing, ratings })
  }
  return { ...state, contracts, standings }
}

function refused(
  state: ReputationState,
  code: ReputationRefusalCode,
  reason?: string,
): Step<ReputationState, ReputationEffect> {
  return { state, effects: [{ type: 'event-refused', code, ...(reason !== undefined && { reason }) }] }
}

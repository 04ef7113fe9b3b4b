import type { JsonValue } from '../../base/canonical-json.ts'
import { type BucketMap, bucketMapEntries, bucketMapSet, emptyBucketMap } from '../budget/bucket-map.ts'
import { ESCROW_FAULTS, SETTLEMENT_CAUSES } from '../escrow/escrow-state.ts'
import { parseContractId } from '../evidence/names.ts'
import {
  member,
  readCount,
  readDid,
  readEvidence,
  readHash,
  readInstant,
  readList,
  readNanos,
  readWhole,
} from '../json/json-members.ts'
import { parseCurrency } from '../ledger/ledger-names.ts'
import type { EpochWeight, Rating } from './beta-standing.ts'
import type { ReputationEvent } from './reputation-machine.ts'
import type { ReputationPolicy } from './reputation-policy.ts'
import {
  formatReputationReceipt,
  REPUTATION_ROLES,
  type ReputationReceipt,
  type ReputationRole,
} from './reputation-receipt.ts'
import {
  type CountedContract,
  type ReceiptSigner,
  type ReputationState,
  type Standing,
  standingKey,
} from './reputation-state.ts'

/** JSON of an event for the journal: amounts are decimal nano-units as text, absent members are left out. */
export function formatReputationEvent(event: ReputationEvent): JsonValue {
  if (event.type === 'time-passed') return { ...event }
  const { receipt, payerSigned, workerSigned, ...rest } = event
  return {
    ...rest,
    receipt: formatReputationReceipt(receipt),
    ...(payerSigned !== undefined && { payerSigned: { ...payerSigned } }),
    ...(workerSigned !== undefined && { workerSigned: { ...workerSigned } }),
  }
}

/** Reads what `formatReputationEvent` wrote; `undefined` for anything else. */
export function parseReputationEvent(json: unknown): ReputationEvent | undefined {
  const at = readInstant(member(json, 'at'))
  const type = member(json, 'type')
  if (at === undefined) return undefined
  if (type === 'time-passed') return { type, at }
  if (type !== 'receipt-presented') return undefined
  const receipt = parseReputationReceipt(member(json, 'receipt'))
  const certificate = readHash(member(json, 'certificate'))
  const payer = member(json, 'payerSigned')
  const worker = member(json, 'workerSigned')
  const payerSigned = readEvidence(payer)
  const workerSigned = readEvidence(worker)
  if (receipt === undefined || certificate === undefined) return undefined
  if ((payer !== undefined && payerSigned === undefined) || (worker !== undefined && workerSigned === undefined))
    return undefined
  return { type, receipt, payerSigned, workerSigned, certificate, at }
}

/** Reads what `formatReputationReceipt` wrote; `undefined` for anything else. */
export function parseReputationReceipt(json: unknown): ReputationReceipt | undefined {
  const contractText = member(json, 'contract')
  const currencyText = member(json, 'currency')
  const contract = typeof contractText === 'string' ? parseContractId(contractText) : undefined
  const currency = typeof currencyText === 'string' ? parseCurrency(currencyText) : undefined
  const payer = readDid(member(json, 'payer'))
  const worker = readDid(member(json, 'worker'))
  const payerSource = readHash(member(json, 'payerSource'))
  const workerSource = readHash(member(json, 'workerSource'))
  const heldNanos = readNanos(member(json, 'heldNanos'))
  const workerNanos = readNanos(member(json, 'workerNanos'))
  const cause = SETTLEMENT_CAUSES.find((name) => name === member(json, 'cause'))
  const fault = ESCROW_FAULTS.find((name) => name === member(json, 'fault'))
  const heldAt = readInstant(member(json, 'heldAt'))
  const endedAt = readInstant(member(json, 'endedAt'))
  if (contract === undefined || currency === undefined || payer === undefined || worker === undefined) return undefined
  if (payerSource === undefined || workerSource === undefined || cause === undefined || fault === undefined)
    return undefined
  if (heldNanos === undefined || workerNanos === undefined || heldAt === undefined || endedAt === undefined)
    return undefined
  const parties = { contract, payer, worker, payerSource, workerSource }
  return { ...parties, currency, heldNanos, workerNanos, cause, fault, heldAt, endedAt }
}

/** JSON of a state without its policy, the same for equal states. */
export function formatReputationState(state: ReputationState): JsonValue {
  return {
    at: state.at,
    contracts: bucketMapEntries(state.contracts).map(([contract, counted]) => ({
      contract,
      ...counted,
      signers: counted.signers.map((signer) => ({ ...signer })),
      weightMicros: counted.weightMicros.toString(),
    })),
    standings: bucketMapEntries(state.standings).map(([, { subject, role, ratings }]) => ({
      subject,
      role,
      ratings: [...ratings.keys()].sort().map((key) => formatRating(ratings.get(key))),
    })),
  }
}

/** Reads what `formatReputationState` wrote, under the policy that it was made by; `undefined` for anything else. */
export function parseReputationState(json: unknown, policy: ReputationPolicy): ReputationState | undefined {
  const at = readInstant(member(json, 'at'))
  const contractList = readList(member(json, 'contracts'), parseCounted)
  const standingList = readList(member(json, 'standings'), parseStanding)
  if (at === undefined || contractList === undefined || standingList === undefined) return undefined
  let contracts: BucketMap<CountedContract> = emptyBucketMap()
  for (const [id, counted] of contractList) contracts = bucketMapSet(contracts, id, counted)
  let standings: BucketMap<Standing> = emptyBucketMap()
  for (const standing of standingList)
    standings = bucketMapSet(standings, standingKey(standing.subject, standing.role), standing)
  return { at, policy, contracts, standings }
}

function formatRating(rating: Rating | undefined): JsonValue {
  if (rating === undefined) return null
  return {
    rater: rating.rater,
    source: rating.source,
    epochs: rating.epochs.map(({ epoch, goodMicros, badMicros, contracts }) => ({
      epoch,
      goodMicros: goodMicros.toString(),
      badMicros: badMicros.toString(),
      contracts,
    })),
  }
}

function parseCounted(json: unknown): readonly [string, CountedContract] | undefined {
  const id = readHash(member(json, 'contract'))
  const receipt = readHash(member(json, 'receipt'))
  const epoch = readCount(member(json, 'epoch'))
  const signers = readList(member(json, 'signers'), parseSigner)
  const updates = readCount(member(json, 'updates'))
  const weightMicros = readWhole(member(json, 'weightMicros'))
  if (id === undefined || receipt === undefined || epoch === undefined) return undefined
  if (signers === undefined || updates === undefined || weightMicros === undefined) return undefined
  return [id, { receipt, epoch, signers, updates, weightMicros }]
}

function parseSigner(json: unknown): ReceiptSigner | undefined {
  const iss = readDid(member(json, 'iss'))
  const envelope = readHash(member(json, 'envelope'))
  return iss === undefined || envelope === undefined ? undefined : { iss, envelope }
}

function parseStanding(json: unknown): Standing | undefined {
  const subject = readDid(member(json, 'subject'))
  const role = REPUTATION_ROLES.find((name): name is ReputationRole => name === member(json, 'role'))
  const ratings = readList(member(json, 'ratings'), parseRating)
  if (subject === undefined || role === undefined || ratings === undefined) return undefined
  return { subject, role, ratings: new Map(ratings.map((rating) => [`${rating.rater} ${rating.source}`, rating])) }
}

function parseRating(json: unknown): Rating | undefined {
  const rater = readDid(member(json, 'rater'))
  const source = readHash(member(json, 'source'))
  const epochs = readList(member(json, 'epochs'), parseEpoch)
  return rater === undefined || source === undefined || epochs === undefined ? undefined : { rater, source, epochs }
}

function parseEpoch(json: unknown): EpochWeight | undefined {
  const epoch = readCount(member(json, 'epoch'))
  const goodMicros = readWhole(member(json, 'goodMicros'))
  const badMicros = readWhole(member(json, 'badMicros'))
  const contracts = readCount(member(json, 'contracts'))
  if (epoch === undefined || goodMicros === undefined || badMicros === undefined || contracts === undefined)
    return undefined
  return { epoch, goodMicros, badMicros, contracts }
}

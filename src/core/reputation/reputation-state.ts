import type { Timestamp } from '../../base/time.ts'
import type { BucketMap } from '../budget/bucket-map.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Rating } from './beta-standing.ts'
import type { ReputationPolicy } from './reputation-policy.ts'
import type { ReputationRole } from './reputation-receipt.ts'

/** What is remembered of a contract until its epoch is forgotten. */
export type CountedContract = {
  readonly receipt: Hash
  readonly epoch: number
  /** Who signed the receipt, and by which message, by role. */
  readonly signers: readonly ReceiptSigner[]
  /** Ratings that it changed, 0 to 2, and the weight that it gave them together. */
  readonly updates: number
  readonly weightMicros: bigint
}

export type ReceiptSigner = { readonly iss: Did; readonly envelope: Hash }

/** A party in one role. */
export type Standing = {
  readonly subject: Did
  readonly role: ReputationRole
  /** By rater and source. */
  readonly ratings: ReadonlyMap<string, Rating>
}

/**
 * The books of reputation under one policy: which contracts were counted, and what they say of whom. Weights are kept undecayed, by epoch; forgetting and caps
 * are applied when they are read.
 */
export type ReputationState = {
  /** Stamp of the last event. */
  readonly at: Timestamp
  readonly policy: ReputationPolicy
  /** By contract id. */
  readonly contracts: BucketMap<CountedContract>
  /** By role and DID. */
  readonly standings: BucketMap<Standing>
}

export type ReputationInput = { readonly at: Timestamp; readonly policy: ReputationPolicy }

/** Whole epochs from 1970 to the instant. */
export function epochOf({ epochMs }: ReputationPolicy, instant: Timestamp): number {
  return Math.floor(instant / epochMs)
}

/** Key of a party in a role. */
export function standingKey(subject: Did, role: ReputationRole): string {
  return `${role} ${subject}`
}

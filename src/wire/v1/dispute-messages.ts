/** Messages of a dispute: replicas and arbiters commit to what they say before anybody reveals, and arbiters sign rulings. */
import { z } from 'zod'
import { ESCROW_TERMS } from './escrow-terms.ts'
import { CONTRACT_ID, COUNT, CURRENCY, DID, HASH, MARKET_TASK, NANOS, SALT, TIME } from './fields.ts'

/** Of rounds and runs. */
const ROUND: z.ZodType<number, number> = z.int().min(0).max(255)

export const DISPUTE_MESSAGES = {
  /** An arbiter of a contract asks a party for what it needs to run the predicate itself, by its node: of another one the request counts for nothing. */
  'dispute-case-request': z.strictObject({ contract: CONTRACT_ID, node: DID }),
  /** An arbiter asks others to run a task again: commitments before `commitBy`, results before `revealBy`. The terms show that it may ask. */
  'replica-call': z.strictObject({
    contract: CONTRACT_ID,
    round: ROUND,
    terms: ESCROW_TERMS,
    task: MARKET_TASK,
    commitBy: TIME,
    revealBy: TIME,
  }),
  /** A replica binds itself to a result: SHA-256 over domain, contract, run, signer, salt and result. */
  'replica-commit': z.strictObject({ contract: CONTRACT_ID, round: ROUND, commitment: HASH }),
  /** The result that a replica had bound itself to. */
  'replica-reveal': z.strictObject({ contract: CONTRACT_ID, round: ROUND, result: HASH, salt: SALT }),
  /** An arbiter binds itself to a vote. */
  'dispute-vote-commit': z.strictObject({ contract: CONTRACT_ID, round: ROUND, commitment: HASH }),
  /** The vote: what the worker gets of what is held, on the record with this root. Its signature is the arbiter's part of a ruling. */
  'dispute-vote-reveal': z.strictObject({
    contract: CONTRACT_ID,
    round: ROUND,
    evidenceRoot: HASH,
    currency: CURRENCY,
    workerNanos: NANOS,
    salt: SALT,
  }),
  /** An arbiter's signature on a split that needs no vote, since everybody can calculate it, or on the one that was voted. */
  'dispute-ruling-part': z.strictObject({
    contract: CONTRACT_ID,
    basis: z.enum(['predicate', 'replication', 'arbiters']),
    evidenceRoot: HASH,
    currency: CURRENCY,
    workerNanos: NANOS,
    payerNanos: NANOS,
  }),
  /** A party wants another round; the transfer that holds its bond is named by the envelope that ordered it. */
  'dispute-appeal': z.strictObject({
    contract: CONTRACT_ID,
    round: COUNT,
    currency: CURRENCY,
    bondNanos: NANOS,
    bondOrder: HASH,
  }),
} as const

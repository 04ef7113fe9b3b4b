/**
 * Proofs against notaries, as they are announced to everybody: signatures that cannot all be true. Whoever holds the document of the set
 * checks them without asking anybody. Nothing in them is checked here but their form.
 *
 * ```text
 * double vote   {"first":VOTE,"kind":"double-vote","second":VOTE,"set":HASH,"v":1}
 * two certificates   {"first":QUORUM,"kind":"two-certificates","second":QUORUM,"set":HASH,"v":1}
 * split view    as in journal-proofs.ts
 * ```
 *
 * @see protocol/spec/gossip.md#proofs
 */
import { z } from 'zod'
import type { Hash } from '../../core/evidence/names.ts'
import type { DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { VoteQuorum } from '../../core/notary/statement.ts'
import { readCanonical } from './canonical.ts'
import { SIGNED_CHECKPOINT, type SignedCheckpoint } from './checkpoint.ts'
import { HASH } from './fields.ts'
import { SPLIT_VIEW, type SplitView } from './journal-proofs.ts'
import { NOTARY_QUORUM, NOTARY_VOTE } from './notary-messages.ts'

export type DoubleVote = DoubleVoteProof & { readonly v: 1; readonly kind: 'double-vote' }
/** Of one slot, and of different blocks: more than `f` members have signed two histories. */
export type TwoCertificates = {
  readonly v: 1
  readonly kind: 'two-certificates'
  readonly set: Hash
  readonly first: VoteQuorum
  readonly second: VoteQuorum
}
export type NotaryProof = DoubleVote | TwoCertificates | SplitView

const DOUBLE_VOTE: z.ZodType<DoubleVote> = z.strictObject({
  v: z.literal(1),
  kind: z.literal('double-vote'),
  set: HASH,
  first: NOTARY_VOTE,
  second: NOTARY_VOTE,
})

const TWO_CERTIFICATES: z.ZodType<TwoCertificates> = z.strictObject({
  v: z.literal(1),
  kind: z.literal('two-certificates'),
  set: HASH,
  first: NOTARY_QUORUM,
  second: NOTARY_QUORUM,
})

/** The proof of canonical bytes; `undefined` for anything else. Never throws. */
export function readNotaryProof(bytes: Uint8Array): NotaryProof | undefined {
  const reading = readCanonical(bytes)
  if (reading.kind === 'refused') return undefined
  const votes = DOUBLE_VOTE.safeParse(reading.value)
  if (votes.success) return votes.data
  const certificates = TWO_CERTIFICATES.safeParse(reading.value)
  if (certificates.success) return certificates.data
  const view = SPLIT_VIEW.safeParse(reading.value)
  return view.success ? view.data : undefined
}

/** The signed checkpoint of canonical bytes; `undefined` for anything else. Never throws. */
export function readSignedCheckpoint(bytes: Uint8Array): SignedCheckpoint | undefined {
  const reading = readCanonical(bytes)
  if (reading.kind === 'refused') return undefined
  const signed = SIGNED_CHECKPOINT.safeParse(reading.value)
  return signed.success ? signed.data : undefined
}

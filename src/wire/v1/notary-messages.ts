/**
 * What notaries send each other, and what others get of them. Frames between the members of a set are signed inside, each statement by its
 * member, and travel over a channel that knows the peer; they are no envelopes, because each signature covers exactly the statement that is
 * evidence. It does not check signatures (`src/core/notary/verify-message.ts`), and takes no part in the protocol.
 *
 * Written as canonical JSON, one frame in at most `NOTARY_FRAME_BYTES_MAX` bytes.
 *
 * ```ts
 * const frame = { set: '0'.repeat(64), slot: 12, type: 'notary-ask' }
 * console.log(JSON.stringify(frame))
 * ```
 */
import { z } from 'zod'
import { canonicalJson, isCanonicalJson } from '../../base/canonical-json.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { Decision } from '../../core/notary/certificate.ts'
import type { EpochChange } from '../../core/notary/epoch-change.ts'
import type { Proposal } from '../../core/notary/notary-event.ts'
import { BATCH_MAX } from '../../core/notary/notary-state.ts'
import { FAULTS_MAX } from '../../core/notary/notary-set.ts'
import { FORMER_SETS_MAX } from '../../core/notary/set-lineage.ts'
import type { MemberSignature, Vote } from '../../core/notary/statement.ts'
import type { Change, ProvenHead } from '../../core/notary/view-change.ts'
import { CONTRACT_ID, COUNT, DID, HASH, SIGNATURE, TIME } from './fields.ts'

/** Bytes of one frame at most: a proposal of 256 entries with the changes of a set of 100 fits. */
export const NOTARY_FRAME_BYTES_MAX = 4_194_304
/** Characters of one message at most, and of all messages of one frame. */
export const NOTARY_BODY_CHARACTERS_MAX = 32_768
export const NOTARY_BODIES_CHARACTERS_MAX = 393_216
/** A copy of a state travels in so many pieces of so many characters at most: 1 GiB. */
export const STATE_CHUNKS_MAX = 8_192
export const STATE_CHUNK_CHARACTERS = 131_072
const MEMBERS_MAX = 3 * FAULTS_MAX + 1
const MEMBER = z
  .int()
  .min(0)
  .max(MEMBERS_MAX - 1)

/** What signs a statement: the index of a member in the set, and its Ed25519 signature. */
const MEMBER_SIGNATURE = z.strictObject({ member: MEMBER, signature: SIGNATURE })
const SIGNATURES = z.array(MEMBER_SIGNATURE).max(MEMBERS_MAX)
const PHASE = z.enum(['prepare', 'commit'])
const PLACE = { phase: PHASE, view: COUNT, slot: COUNT, block: HASH }

export const NOTARY_QUORUM = z.strictObject({ ...PLACE, signatures: SIGNATURES })
export const NOTARY_VOTE = z.strictObject({ ...PLACE, member: MEMBER, signature: SIGNATURE })

const BLOCK_ENTRY = z.strictObject({ message: HASH, contract: CONTRACT_ID, seq: COUNT, transition: HASH })
const BLOCK = z.strictObject({
  slot: COUNT,
  previous: HASH,
  at: TIME,
  entries: z.array(BLOCK_ENTRY).min(1).max(BATCH_MAX),
  state: HASH,
})

const HEAD = z
  .strictObject({ slot: COUNT, block: HASH, quorum: NOTARY_QUORUM.optional() })
  .transform(({ slot, block, quorum }) => ({ slot, block, quorum }))
const PREPARED = z.strictObject({ block: BLOCK, quorum: NOTARY_QUORUM })
const CHANGE = z
  .strictObject({ view: COUNT, head: HEAD, prepared: PREPARED.optional(), member: MEMBER, signature: SIGNATURE })
  .transform(({ view, head, prepared, member, signature }) => ({ view, head, prepared, member, signature }))
const PROPOSAL = z.strictObject({
  view: COUNT,
  block: BLOCK,
  changes: z.array(CHANGE).max(MEMBERS_MAX),
  signature: MEMBER_SIGNATURE,
})
/** A block with its certificate. */
export const NOTARY_DECISION = z.strictObject({ block: BLOCK, quorum: NOTARY_QUORUM })

/** The canonical text of a message: a signed envelope. */
const BODY = z.string().min(1).max(NOTARY_BODY_CHARACTERS_MAX)
const INSTANCE = z.string().regex(/^[0-9a-f]{32}$/)
const EPOCH_END = z.strictObject({
  from: HASH,
  to: HASH,
  epoch: COUNT,
  slot: COUNT,
  block: HASH,
  at: TIME,
  state: HASH,
})

/** What members of one set send each other, by `type`. */
export const NOTARY_FRAME = z.discriminatedUnion('type', [
  /** Asks for the bodies of messages that a block names. */
  z.strictObject({ type: z.literal('notary-bodies-ask'), set: HASH, messages: z.array(HASH).min(1).max(BATCH_MAX) }),
  /** Bodies that were asked for, or that are to be ordered: each says by itself which message of which contract it is. */
  z.strictObject({ type: z.literal('notary-bodies'), set: HASH, bodies: z.array(BODY).min(1).max(BATCH_MAX) }),
  z.strictObject({ type: z.literal('notary-proposal'), set: HASH, proposal: PROPOSAL }),
  z.strictObject({ type: z.literal('notary-vote'), set: HASH, vote: NOTARY_VOTE }),
  z.strictObject({ type: z.literal('notary-change'), set: HASH, change: CHANGE }),
  /** Asks for the decisions from `slot` on. */
  z.strictObject({ type: z.literal('notary-ask'), set: HASH, slot: COUNT }),
  z.strictObject({ type: z.literal('notary-decision'), set: HASH, decision: NOTARY_DECISION }),
  /** A process that holds the key of the sender asks what was seen of it, and whether another one runs. `asked` comes back with the answer. */
  z.strictObject({ type: z.literal('notary-witness-ask'), set: HASH, instance: INSTANCE, asked: COUNT }),
  z
    .strictObject({
      type: z.literal('notary-witness'),
      set: HASH,
      instance: INSTANCE,
      asked: COUNT,
      isFree: z.boolean(),
      seenVote: NOTARY_VOTE.optional(),
      seenChange: CHANGE.optional(),
      view: COUNT,
      head: HEAD,
    })
    .transform(({ seenVote, seenChange, ...rest }) => ({ ...rest, seenVote, seenChange })),
  /** A copy of the application's state, or of what leads to it, for whoever is behind the decisions that are kept. */
  z.strictObject({
    type: z.literal('notary-state'),
    set: HASH,
    decision: NOTARY_DECISION,
    before: HASH,
    root: HASH.optional(),
    chunks: z.array(HASH).min(1).max(STATE_CHUNKS_MAX),
  }),
  z.strictObject({ type: z.literal('notary-chunk-ask'), set: HASH, slot: COUNT, index: COUNT }),
  z.strictObject({
    type: z.literal('notary-chunk'),
    set: HASH,
    slot: COUNT,
    index: COUNT,
    text: z.string().min(1).max(STATE_CHUNK_CHARACTERS),
  }),
  /** A member ends its epoch at a slot: one signature of an epoch change. */
  z.strictObject({ type: z.literal('notary-epoch-end'), set: HASH, end: EPOCH_END, signature: MEMBER_SIGNATURE }),
])

export type NotaryFrame =
  | { readonly type: 'notary-bodies-ask'; readonly set: Hash; readonly messages: readonly Hash[] }
  | { readonly type: 'notary-bodies'; readonly set: Hash; readonly bodies: readonly string[] }
  | { readonly type: 'notary-proposal'; readonly set: Hash; readonly proposal: Proposal }
  | { readonly type: 'notary-vote'; readonly set: Hash; readonly vote: Vote }
  | { readonly type: 'notary-change'; readonly set: Hash; readonly change: Change }
  | { readonly type: 'notary-ask'; readonly set: Hash; readonly slot: number }
  | { readonly type: 'notary-decision'; readonly set: Hash; readonly decision: Decision }
  | WitnessAsk
  | Witness
  | StateOffer
  | { readonly type: 'notary-chunk-ask'; readonly set: Hash; readonly slot: number; readonly index: number }
  | {
      readonly type: 'notary-chunk'
      readonly set: Hash
      readonly slot: number
      readonly index: number
      readonly text: string
    }
  | EpochEnd

export type WitnessAsk = {
  readonly type: 'notary-witness-ask'
  readonly set: Hash
  /** 32 hexadecimal digits, drawn by the process that asks. */
  readonly instance: string
  /** Comes back with the answer: monotonic milliseconds of the asking process. */
  readonly asked: number
}

export type Witness = Omit<WitnessAsk, 'type'> & {
  readonly type: 'notary-witness'
  /** No other process with the key of the asking member was heard for the time of a lease. */
  readonly isFree: boolean
  /** The last vote and the last change signed with that key that were seen. */
  readonly seenVote: Vote | undefined
  readonly seenChange: Change | undefined
  /** Of the member that answers. */
  readonly view: number
  readonly head: ProvenHead
}

export type StateOffer = {
  readonly type: 'notary-state'
  readonly set: Hash
  /** Its `state` commits to `before`, and at a checkpoint to `root`. */
  readonly decision: Decision
  readonly before: Hash
  readonly root?: Hash | undefined
  /** Hashes of the pieces of the text, in order. */
  readonly chunks: readonly Hash[]
}

export type EpochEnd = {
  readonly type: 'notary-epoch-end'
  readonly set: Hash
  readonly end: Omit<EpochChange, 'signatures'>
  readonly signature: MemberSignature
}

/** What a client keeps and accepts: `src/core/notary/certificate.ts`. */
export const NOTARY_CERTIFICATE = z.strictObject({
  set: HASH,
  epoch: COUNT,
  view: COUNT,
  slot: COUNT,
  contract: CONTRACT_ID,
  seq: COUNT,
  transitionHash: HASH,
  at: TIME,
  message: HASH,
  previous: HASH,
  state: HASH,
  path: z.strictObject({
    index: COUNT,
    size: z.int().min(1).max(BATCH_MAX),
    hashes: z.array(HASH).max(8),
  }),
  signatures: SIGNATURES,
})

/** The file of a notary set. */
export const NOTARY_SET = z.strictObject({
  id: HASH,
  epoch: COUNT,
  members: z
    .array(z.strictObject({ key: DID, address: z.string().min(1).max(256) }))
    .min(1)
    .max(MEMBERS_MAX),
  f: z.int().min(0).max(FAULTS_MAX),
})

/** The word of a set, or of the operator of a set of one, that the log goes on in another set: `src/core/notary/epoch-change.ts`. */
export const NOTARY_EPOCH_CHANGE = z.strictObject({ ...EPOCH_END.shape, signatures: SIGNATURES })

/** A set that has handed its log on. */
export const FORMER_SET = z.strictObject({ set: NOTARY_SET, change: NOTARY_EPOCH_CHANGE })

/** The file of a set with those that kept its log before, the oldest first: `src/core/notary/set-lineage.ts`. */
export const NOTARY_SET_DOCUMENT = z.strictObject({
  ...NOTARY_SET.shape,
  before: z.array(FORMER_SET).max(FORMER_SETS_MAX).optional(),
})

/** Bodies of envelopes that are about notaries. */
export const NOTARY_MESSAGES = {
  /** Two votes of one member for one place: anybody with the set can check it. */
  'notary-double-vote': z.strictObject({ set: HASH, first: NOTARY_VOTE, second: NOTARY_VOTE }),
  /** A certified head, so that two histories do not stay apart unseen. */
  'notary-head': z.strictObject({ set: HASH, head: NOTARY_QUORUM }),
} as const

export type NotaryFrameResult =
  | { readonly kind: 'frame'; readonly frame: NotaryFrame }
  | { readonly kind: 'refused'; readonly code: 'NOTARY_FRAME_TOO_LARGE' | 'NOTARY_FRAME_MALFORMED' }

/** The bytes of a frame. */
export function encodeNotaryFrame(frame: NotaryFrame): string {
  return canonicalJson(frame)
}

/** Reads a frame; the text must be exactly what `encodeNotaryFrame` writes, so that one frame has one form. Never throws. */
export function decodeNotaryFrame(text: string): NotaryFrameResult {
  if (text.length > NOTARY_FRAME_BYTES_MAX) return { kind: 'refused', code: 'NOTARY_FRAME_TOO_LARGE' }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'refused', code: 'NOTARY_FRAME_MALFORMED' }
  }
  const parsed = NOTARY_FRAME.safeParse(value)
  // The shapes change nothing of what they let pass, and what was read has its members in order already.
  const isCanonical = parsed.success && isCanonicalJson(value, text)
  return isCanonical ? { kind: 'frame', frame: parsed.data } : { kind: 'refused', code: 'NOTARY_FRAME_MALFORMED' }
}

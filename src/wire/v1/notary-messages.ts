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
import { canonicalJson } from '../../base/canonical-json.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { Entry } from '../../core/notary/block.ts'
import type { Decision } from '../../core/notary/certificate.ts'
import type { Proposal } from '../../core/notary/notary-event.ts'
import { BATCH_MAX } from '../../core/notary/notary-state.ts'
import { FAULTS_MAX } from '../../core/notary/notary-set.ts'
import type { Vote } from '../../core/notary/statement.ts'
import type { Change } from '../../core/notary/view-change.ts'
import { CONTRACT_ID, COUNT, DID, HASH, SIGNATURE, TIME } from './fields.ts'

/** Bytes of one frame at most: a proposal of 256 entries with the changes of a set of 100 fits. */
export const NOTARY_FRAME_BYTES_MAX = 4_194_304
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

const QUORUM = z.strictObject({ ...PLACE, signatures: SIGNATURES })
export const NOTARY_VOTE = z.strictObject({ ...PLACE, member: MEMBER, signature: SIGNATURE })

const ENTRY = z.strictObject({ message: HASH, contract: CONTRACT_ID })
const BLOCK_ENTRY = z.strictObject({ message: HASH, contract: CONTRACT_ID, seq: COUNT, transition: HASH })
const BLOCK = z.strictObject({
  slot: COUNT,
  previous: HASH,
  at: TIME,
  entries: z.array(BLOCK_ENTRY).min(1).max(BATCH_MAX),
  state: HASH,
})

const HEAD = z
  .strictObject({ slot: COUNT, block: HASH, quorum: QUORUM.optional() })
  .transform(({ slot, block, quorum }) => ({ slot, block, quorum }))
const PREPARED = z.strictObject({ block: BLOCK, quorum: QUORUM })
const CHANGE = z
  .strictObject({ view: COUNT, head: HEAD, prepared: PREPARED.optional(), member: MEMBER, signature: SIGNATURE })
  .transform(({ view, head, prepared, member, signature }) => ({ view, head, prepared, member, signature }))
const PROPOSAL = z.strictObject({
  view: COUNT,
  block: BLOCK,
  changes: z.array(CHANGE).max(MEMBERS_MAX),
  signature: MEMBER_SIGNATURE,
})
const DECISION = z.strictObject({ block: BLOCK, quorum: QUORUM })

/** A position of `src/core/notary/position.ts`. */
const POSITION = z.strictObject({ view: COUNT, slot: COUNT, phase: z.enum(['change', 'prepare', 'commit']) })

/** What members of one set send each other, by `type`. */
export const NOTARY_FRAME = z.discriminatedUnion('type', [
  /** Messages to be ordered, for the leader; the bodies follow by their hashes. */
  z.strictObject({ type: z.literal('notary-entries'), set: HASH, entries: z.array(ENTRY).min(1).max(BATCH_MAX) }),
  z.strictObject({ type: z.literal('notary-proposal'), set: HASH, proposal: PROPOSAL }),
  z.strictObject({ type: z.literal('notary-vote'), set: HASH, vote: NOTARY_VOTE }),
  z.strictObject({ type: z.literal('notary-change'), set: HASH, change: CHANGE }),
  /** Asks for the decisions from `slot` on. */
  z.strictObject({ type: z.literal('notary-ask'), set: HASH, slot: COUNT }),
  z.strictObject({ type: z.literal('notary-decision'), set: HASH, decision: DECISION }),
])

export type NotaryFrame =
  | { readonly type: 'notary-entries'; readonly set: Hash; readonly entries: readonly Entry[] }
  | { readonly type: 'notary-proposal'; readonly set: Hash; readonly proposal: Proposal }
  | { readonly type: 'notary-vote'; readonly set: Hash; readonly vote: Vote }
  | { readonly type: 'notary-change'; readonly set: Hash; readonly change: Change }
  | { readonly type: 'notary-ask'; readonly set: Hash; readonly slot: number }
  | { readonly type: 'notary-decision'; readonly set: Hash; readonly decision: Decision }

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

/** Bodies of envelopes that are about notaries. */
export const NOTARY_MESSAGES = {
  /** A member that starts asks the others what they have seen of it. */
  'notary-witness-request': z.strictObject({ set: HASH, member: MEMBER }),
  /** Answer: the last thing signed by `member` that was seen, the answering member's view, and its head with the certificate. */
  'notary-witness': z.strictObject({
    set: HASH,
    request: HASH,
    member: MEMBER,
    seen: POSITION.optional(),
    view: COUNT,
    head: z.strictObject({ slot: COUNT, block: HASH, quorum: QUORUM.optional() }),
  }),
  /** Two votes of one member for one place: anybody with the set can check it. */
  'notary-double-vote': z.strictObject({ set: HASH, first: NOTARY_VOTE, second: NOTARY_VOTE }),
  /** A certified head, so that two histories do not stay apart unseen. */
  'notary-head': z.strictObject({ set: HASH, head: QUORUM }),
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
  const isCanonical = parsed.success && canonicalJson(parsed.data) === text
  return isCanonical ? { kind: 'frame', frame: parsed.data } : { kind: 'refused', code: 'NOTARY_FRAME_MALFORMED' }
}

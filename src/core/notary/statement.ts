import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'
import { type NotarySet, quorumOf } from './notary-set.ts'

/** The two rounds of a slot. `prepare`: nobody else can be certified in this view. `commit`: the certificate of the slot. */
export type VotePhase = 'prepare' | 'commit'

/** Where a vote stands. A replica signs one block at most for each place. */
export type VotePlace = { readonly phase: VotePhase; readonly view: number; readonly slot: number }

/** What a vote says, without who says it. */
export type VoteStatement = VotePlace & { readonly block: Hash }

/** A vote of a member. `signature` is over `bytesOfVote`; it was checked before the machine sees it. */
export type Vote = VoteStatement & { readonly member: number; readonly signature: string }

export type MemberSignature = { readonly member: number; readonly signature: string }

/** `2f + 1` votes of distinct members that say the same. */
export type VoteQuorum = VoteStatement & { readonly signatures: readonly MemberSignature[] }

/** Whether `signature` (64 bytes as base64url without padding) was made over `bytes` with the key. Never throws. */
export type VerifyStatement = (signed: {
  readonly key: Did
  readonly bytes: Uint8Array
  readonly signature: string
}) => boolean

/** The bytes that a vote signs: `"kernell/notary/<phase>/v1\0" || SHA-256(canonical JSON of {block, epoch, set, slot, view})`. */
export function bytesOfVote(set: NotarySet, { phase, view, slot, block }: VoteStatement): Uint8Array {
  return signingBytes(phase, { block, epoch: set.epoch, set: set.id, slot, view })
}

/** The bytes of a statement of the protocol: its kind in front, so that no signature serves two purposes. */
export function signingBytes(kind: VotePhase | 'change' | 'epoch', content: object): Uint8Array {
  const domain = utf8Bytes(`kernell/notary/${kind}/v1\0`)
  const digest = sha256(utf8Bytes(canonicalJson(content)))
  const bytes = new Uint8Array(domain.length + digest.length)
  bytes.set(domain)
  bytes.set(digest, domain.length)
  return bytes
}

/** Whether enough distinct members of the set stand under it. The signatures themselves were, or are yet to be, checked. */
export function isQuorum(set: NotarySet, { signatures }: Pick<VoteQuorum, 'signatures'>): boolean {
  const members = new Set(signatures.map(({ member }) => member))
  return (
    members.size === signatures.length &&
    signatures.length >= quorumOf(set) &&
    signatures.every(({ member }) => set.members[member] !== undefined)
  )
}

/** Whether it is a quorum and every signature is right. */
export function verifyQuorum(set: NotarySet, quorum: VoteQuorum, verify: VerifyStatement): boolean {
  if (!isQuorum(set, quorum)) return false
  const bytes = bytesOfVote(set, quorum)
  return quorum.signatures.every(({ member, signature }) => {
    const key = set.members[member]?.key
    return key !== undefined && verify({ key, bytes, signature })
  })
}

import type { Hash } from '../evidence/names.ts'
import { type Block, GENESIS, hashOfBlock } from './block.ts'
import { type NotarySet, quorumOf } from './notary-set.ts'
import { isQuorum, signingBytes, type VerifyStatement, type VoteQuorum, verifyQuorum } from './statement.ts'

/** The last slot that a replica has a certificate for. */
export type ProvenHead = {
  readonly slot: number
  readonly block: Hash
  /** `undefined` for slot 0 only, which needs no proof. */
  readonly quorum: VoteQuorum | undefined
}

/** A block that 2f + 1 members prepared in one view: it may have been certified, and nothing else of that view may. */
export type Prepared = { readonly block: Block; readonly quorum: VoteQuorum }

/** What a member says when it leaves for another view. It signs one for each view at most. */
export type ChangeStatement = {
  readonly view: number
  readonly head: ProvenHead
  /** The highest prepared block of the slot behind the head. */
  readonly prepared: Prepared | undefined
}

export type Change = ChangeStatement & { readonly member: number; readonly signature: string }

/** What the leader of a new view owes to the ones before. */
export type Opening = {
  /** The first slot of the view. Nobody whose change was counted had a certificate for it. */
  readonly start: number
  /** What must be proposed there; `undefined` leaves the choice to the leader. */
  readonly required: { readonly view: number; readonly hash: Hash; readonly block: Block } | undefined
}

/** The bytes that a change signs: `"kernell/notary/change/v1\0" || SHA-256(canonical JSON)`; certificates go by what they certify. */
export function bytesOfChange(set: NotarySet, { view, head, prepared }: ChangeStatement): Uint8Array {
  return signingBytes('change', {
    set: set.id,
    epoch: set.epoch,
    view,
    head: { slot: head.slot, block: head.block },
    ...(prepared !== undefined && { prepared: { view: prepared.quorum.view, block: prepared.quorum.block } }),
  })
}

/** Whether the certificates of a change are what they must be. The signatures are checked by `verifyChange`. */
export function isChangeSound(set: NotarySet, { view, head, prepared }: ChangeStatement): boolean {
  if (!Number.isSafeInteger(view) || view < 1) return false
  if (head.quorum === undefined) {
    if (head.slot !== 0 || head.block !== GENESIS) return false
  } else if (!isQuorumOf(set, head.quorum, { phase: 'commit', slot: head.slot, block: head.block })) return false
  if (prepared === undefined) return true
  const { block, quorum } = prepared
  if (quorum.view >= view || block.slot !== head.slot + 1 || block.previous !== head.block) return false
  return isQuorumOf(set, quorum, { phase: 'prepare', slot: block.slot, block: hashOfBlock(block) })
}

/** Whether a quorum is one of this phase, slot and block. */
export function isQuorumOf(
  set: NotarySet,
  quorum: VoteQuorum,
  { phase, slot, block }: Pick<VoteQuorum, 'phase' | 'slot' | 'block'>,
): boolean {
  return quorum.phase === phase && quorum.slot === slot && quorum.block === block && isQuorum(set, quorum)
}

/** Whether a change is sound and every signature in it is right. */
export function verifyChange(set: NotarySet, change: Change, verify: VerifyStatement): boolean {
  const key = set.members[change.member]?.key
  if (key === undefined || !isChangeSound(set, change)) return false
  const { head, prepared, signature } = change
  if (!verify({ key, bytes: bytesOfChange(set, change), signature })) return false
  if (head.quorum !== undefined && !verifyQuorum(set, head.quorum, verify)) return false
  return prepared === undefined || verifyQuorum(set, prepared.quorum, verify)
}

/**
 * What `2f + 1` changes for `view` say about it; `undefined` when they are not exactly that many of distinct members, all sound.
 *
 * Of the slot behind the highest head, a block that was certified in a lower view was prepared by `2f + 1` members, and one honest of them is
 * among these: its change carries that block, or one prepared later, which by the same argument is the same block. Slots further on: none of
 * these members had voted there, so nothing was prepared.
 */
export function openingOf(set: NotarySet, view: number, changes: readonly Change[]): Opening | undefined {
  const members = new Set(changes.map(({ member }) => member))
  if (members.size !== changes.length || changes.length !== quorumOf(set)) return undefined
  const isSound = (change: Change): boolean =>
    change.view === view && set.members[change.member] !== undefined && isChangeSound(set, change)
  if (!changes.every(isSound)) return undefined
  let start = 1
  for (const { head } of changes) start = Math.max(start, head.slot + 1)
  let required: Opening['required']
  for (const { prepared } of changes) {
    if (prepared === undefined || prepared.block.slot !== start) continue
    const { view: preparedView, block: hash } = prepared.quorum
    if (required === undefined || preparedView > required.view) {
      required = { view: preparedView, hash, block: prepared.block }
    }
  }
  return { start, required }
}

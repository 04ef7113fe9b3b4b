import { sha256 } from '../../base/sha256.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { bytesOfHash } from '../../core/transparency/hash-text.ts'
import { hashLeaf, type Sha256 } from '../../core/transparency/merkle-tree.ts'
import { verifyInclusion } from '../../core/transparency/verify-merkle.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import type { SplitView } from '../../wire/v1/journal-proofs.ts'
import { type ComparedJournal, contradicts, findFork, type FoundEquivocation } from './compare-journals.ts'
import { isConsistencyProven, MerkleStore } from './journal-proofs.ts'
import { isCheckpointSigned } from './sign-checkpoint.ts'

/** Makes what copies show into a document that needs none of them; `undefined` where they do not bear it out. */
export function proveSplitView({ equivocation, sides }: FoundEquivocation): SplitView | undefined {
  const { kind, signer, checkpoints } = equivocation
  const [first, second] = checkpoints
  const { journal } = first.checkpoint
  const head = { v: 1, kind: 'split-view', signer, journal, checkpoints } as const
  if (kind === 'same-position') return head
  if (sides === undefined) return undefined
  const [one, other] = sides
  const fork = findFork(one, other)
  if (fork.kind !== 'forked') return undefined
  const { at: index, hashes } = fork
  const proofs = [pathIn(one, index, first), pathIn(other, index, second)] as const
  return { ...head, entry: { index, hashes, proofs } }
}

function pathIn({ hashes }: ComparedJournal, index: number, { checkpoint }: SignedCheckpoint): readonly Hash[] {
  const bytes = new Uint8Array(32 * checkpoint.entries)
  for (const [at, hash] of hashes.slice(0, checkpoint.entries).entries()) bytes.set(bytesOfHash(hash), 32 * at)
  return MerkleStore.of(bytes).pathOf(index, checkpoint.entries)
}

/** Whether the document convicts its signer: both checkpoints are its own, of one journal, and cannot both be true. */
export function isSplitViewProven(view: SplitView, verify: VerifySignature, digest: Sha256 = sha256): boolean {
  const { signer, journal, checkpoints, entry, growth } = view
  const areSigned = checkpoints.every(
    (signed) =>
      signed.checkpoint.signer === signer &&
      signed.checkpoint.journal === journal &&
      isCheckpointSigned(signed, verify),
  )
  if (!areSigned) return false
  const [first, second] = checkpoints
  if (growth !== undefined) return entry === undefined && isBeginningOther(checkpoints, growth, digest)
  if (entry === undefined) return contradicts(first, second)
  const { index, hashes, proofs } = entry
  if (hashes[0] === hashes[1]) return false
  return checkpoints.every(({ checkpoint }, side) => {
    const [hash, proof] = [hashes[side], proofs[side]]
    if (hash === undefined || proof === undefined) return false
    const leaf = hashLeaf(bytesOfHash(hash), digest)
    const siblings = proof.map(bytesOfHash)
    const root = bytesOfHash(checkpoint.root)
    return verifyInclusion({ index, size: checkpoint.entries, leaf, proof: siblings, root }, digest)
  })
}

/** Whether the longer of the two begins with other entries than the shorter one says that there are. */
function isBeginningOther(
  [{ checkpoint: shorter }, { checkpoint: longer }]: SplitView['checkpoints'],
  { fromRoot, proof }: NonNullable<SplitView['growth']>,
  digest: Sha256,
): boolean {
  if (shorter.entries >= longer.entries || fromRoot === shorter.root) return false
  const sizes = { from: shorter.entries, to: longer.entries }
  return isConsistencyProven({ ...sizes, fromRoot, toRoot: longer.root, proof }, digest)
}

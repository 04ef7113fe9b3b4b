import { sha256 } from '../../base/sha256.ts'
import { hashNode, type MerkleHash, type Sha256 } from './merkle-tree.ts'

/** Bytes of a hash. */
const HASH_BYTES = 32

/**
 * The claim that the tree of `size` leaves with `root` has `leaf` at `index`, from 0. `proof` has the siblings from the leaf upward (RFC 9162, section 2.1.3);
 * `verifyInclusion` checks it.
 */
export type Inclusion = {
  readonly index: number
  readonly size: number
  /** Of the leaf, as `hashLeaf` makes it. */
  readonly leaf: MerkleHash
  readonly proof: readonly MerkleHash[]
  readonly root: MerkleHash
}

/** Whether the proof shows that the tree of `size` leaves with `root` has the leaf at `index` (RFC 9162, section 2.1.3.2). One of another length does not. */
export function verifyInclusion({ index, size, leaf, proof, root }: Inclusion, digest: Sha256 = sha256): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || ![leaf, root, ...proof].every(isHash)) return false
  let node = index
  let last = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash, digest)
      while (node % 2 === 0 && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      hash = hashNode(hash, sibling, digest)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && isSameHash(hash, root)
}

/**
 * The claim that a log only grew: the tree of `size` leaves with `root` begins with the tree of `first` leaves with `firstRoot`. `proof` is in the order of RFC
 * 9162, section 2.1.4; `verifyConsistency` checks it.
 */
export type Consistency = {
  readonly first: number
  readonly size: number
  readonly firstRoot: MerkleHash
  readonly root: MerkleHash
  readonly proof: readonly MerkleHash[]
}

/**
 * Whether the proof shows that the tree with `root` begins with the tree with `firstRoot` (RFC 9162, section 2.1.4.2). Every tree begins with the empty one,
 * whose root must be the hash of no bytes; and with itself. For both the proof is empty.
 */
export function verifyConsistency(claim: Consistency, digest: Sha256 = sha256): boolean {
  const { first, size, firstRoot, root, proof } = claim
  if (!isCount(first) || !isCount(size) || first > size || ![firstRoot, root, ...proof].every(isHash)) return false
  if (first === size) return proof.length === 0 && isSameHash(firstRoot, root)
  if (first === 0) return proof.length === 0 && isSameHash(firstRoot, digest(new Uint8Array()))
  const path = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof
  const [start, ...rest] = path
  if (start === undefined) return false
  let node = first - 1
  let last = size - 1
  while (node % 2 === 1) {
    node = half(node)
    last = half(last)
  }
  let firstHash = start
  let hash = start
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      firstHash = hashNode(sibling, firstHash, digest)
      hash = hashNode(sibling, hash, digest)
      while (node % 2 === 0 && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      hash = hashNode(hash, sibling, digest)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && isSameHash(firstHash, firstRoot) && isSameHash(hash, root)
}

/** Division, not a shift: sizes may be above 2^31. */
function half(value: number): number {
  return Math.floor(value / 2)
}

function isPowerOfTwo(value: number): boolean {
  let rest = value
  while (rest % 2 === 0) rest /= 2
  return rest === 1
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES
}

function isSameHash(one: MerkleHash, other: MerkleHash): boolean {
  return one.every((byte, index) => byte === other[index])
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

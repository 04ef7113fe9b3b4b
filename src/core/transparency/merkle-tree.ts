import { assert } from '../../base/assert.ts'
import { sha256 } from '../../base/sha256.ts'

/**
 * Merkle tree hash, inclusion and consistency proofs of RFC 9162, section 2.1 (the same tree as RFC 6962). A leaf is hashed behind the byte 0, a node
 * behind the byte 1, so that none passes for the other. The empty tree has the hash of no bytes.
 */
export type MerkleHash = Uint8Array

/** SHA-256 by whoever has a fast one; it must equal `sha256` of base. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/**
 * All that appending needs: the roots of the complete subtrees, largest first, one for each binary digit 1 of `size`. At most 53.
 *
 * ```text
 * size 13 = 8 + 4 + 1      peaks [ root of 0..7, root of 8..11, leaf 12 ]
 * ```
 */
export type MerkleFrontier = { readonly size: number; readonly peaks: readonly MerkleHash[] }

export const EMPTY_FRONTIER: MerkleFrontier = { size: 0, peaks: [] }

export function hashLeaf(data: Uint8Array, digest: Sha256 = sha256): MerkleHash {
  const bytes = new Uint8Array(1 + data.length)
  bytes.set(data, 1)
  return digest(bytes)
}

export function hashNode(left: MerkleHash, right: MerkleHash, digest: Sha256 = sha256): MerkleHash {
  assert(left.length === HASH_BYTES && right.length === HASH_BYTES, 'nodes are hashed of hashes')
  NODE.set(left, 1)
  NODE.set(right, 1 + HASH_BYTES)
  return digest(NODE)
}

const HASH_BYTES = 32
/** What a node is hashed of, written over each time: the digest is worked out at once and keeps nothing of it. */
const NODE = new Uint8Array(1 + 2 * HASH_BYTES)
NODE[0] = 1

/** Adds a leaf by its hash. `onNode` sees each complete subtree that this finishes, the leaf first: a store of them answers proofs. */
export function appendLeaf(
  { size, peaks }: MerkleFrontier,
  leaf: MerkleHash,
  init: { readonly digest?: Sha256; readonly onNode?: (node: MerkleNode, hash: MerkleHash) => void } = {},
): MerkleFrontier {
  const rest = peaks.slice()
  let hash = leaf
  let level = 0
  init.onNode?.({ level, position: size }, hash)
  for (let digits = size; digits % 2 === 1; digits = Math.floor(digits / 2)) {
    const left = rest.pop()
    assert(left !== undefined, 'a frontier has a peak for each binary digit of its size')
    hash = hashNode(left, hash, init.digest)
    level += 1
    init.onNode?.({ level, position: Math.floor(digits / 2) }, hash)
  }
  rest.push(hash)
  return { size: size + 1, peaks: rest }
}

export function rootOf({ peaks }: MerkleFrontier, digest: Sha256 = sha256): MerkleHash {
  let root = peaks.at(-1)
  if (root === undefined) return digest(new Uint8Array())
  for (let index = peaks.length - 2; index >= 0; index -= 1) root = hashNode(peaks[index] ?? root, root, digest)
  return root
}

/** A complete subtree of 2^level leaves, the first of which is leaf `position * 2^level`. */
export type MerkleNode = { readonly level: number; readonly position: number }

/** Hashes of complete subtrees, as `appendLeaf` has shown them. */
export type MerkleNodes = (node: MerkleNode) => MerkleHash

/** Leaves `start` to `start + size - 1`; a part that the recursion of the RFC cuts, so its start is a multiple of its size rounded up to a power of two. */
type Part = { readonly start: number; readonly size: number }

/** Proof that leaf `index` is in the tree of the first `size` leaves. Throws `RangeError` where it is not. */
export function proveInclusion(
  nodes: MerkleNodes,
  { index, size }: { readonly index: number; readonly size: number },
  digest: Sha256 = sha256,
): readonly MerkleHash[] {
  if (!isCount(index) || !isCount(size) || index >= size) throw new RangeError(`No leaf ${index} among ${size}`)
  const proof: MerkleHash[] = []
  let part: Part = { start: 0, size }
  while (part.size > 1) {
    const split = splitOf(part.size)
    const left = { start: part.start, size: split }
    const right = { start: part.start + split, size: part.size - split }
    const isLeft = index < right.start
    proof.push(partHash(nodes, isLeft ? right : left, digest))
    part = isLeft ? left : right
  }
  return proof.reverse()
}

/** Proof that the tree of `size` leaves begins with the tree of the first `first`. Empty for `first` of 0 or `size`. Throws `RangeError` for a larger one. */
export function proveConsistency(
  nodes: MerkleNodes,
  { first, size }: { readonly first: number; readonly size: number },
  digest: Sha256 = sha256,
): readonly MerkleHash[] {
  if (!isCount(first) || !isCount(size) || first > size) throw new RangeError(`No ${first} leaves among ${size}`)
  if (first === 0 || first === size) return []
  const proof: MerkleHash[] = []
  let part: Part = { start: 0, size }
  let rest = first
  let isWhole = true
  while (rest !== part.size) {
    const split = splitOf(part.size)
    const left = { start: part.start, size: split }
    const right = { start: part.start + split, size: part.size - split }
    if (rest <= split) {
      proof.push(partHash(nodes, right, digest))
      part = left
    } else {
      proof.push(partHash(nodes, left, digest))
      part = right
      rest -= split
      isWhole = false
    }
  }
  if (!isWhole) proof.push(partHash(nodes, part, digest))
  return proof.reverse()
}

function partHash(nodes: MerkleNodes, { start, size }: Part, digest: Sha256): MerkleHash {
  const split = size === 1 ? 1 : splitOf(size)
  if (size === 1 || size === split * 2) {
    const level = levelOf(size)
    return nodes({ level, position: start / size })
  }
  const left = partHash(nodes, { start, size: split }, digest)
  return hashNode(left, partHash(nodes, { start: start + split, size: size - split }, digest), digest)
}

/** The largest power of two below `size`, which is 2 or more. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function levelOf(size: number): number {
  let level = 0
  for (let leaves = 1; leaves < size; leaves *= 2) level += 1
  return level
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

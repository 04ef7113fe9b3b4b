import { assert } from '../../base/assert.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { HashList } from '../../core/transparency/hash-list.ts'
import { bytesOfHash, formatHash } from '../../core/transparency/hash-text.ts'
import {
  appendLeaf,
  EMPTY_FRONTIER,
  hashLeaf,
  type MerkleHash,
  type MerkleNode,
  proveConsistency,
  proveInclusion,
  rootOf,
  type Sha256,
} from '../../core/transparency/merkle-tree.ts'
import { verifyConsistency, verifyInclusion } from '../../core/transparency/verify-merkle.ts'
import { hashEntry } from './journal-line.ts'

/** That an entry is in the journal: what `kernell ledger prove` prints. Together with a signed checkpoint of `entries` and `root`, it is evidence. */
export type InclusionProof = {
  readonly index: number
  readonly entries: number
  /** The entry's canonical text. */
  readonly entry: string
  readonly entryHash: Hash
  readonly root: Hash
  /** Siblings from the leaf up. */
  readonly proof: readonly Hash[]
}

/** That the journal of `to` entries begins with that of `from`. */
export type ConsistencyProof = {
  readonly from: number
  readonly to: number
  readonly fromRoot: Hash
  readonly toRoot: Hash
  readonly proof: readonly Hash[]
}

/** Hashes of all complete subtrees: 64 bytes for an entry. */
export class MerkleStore {
  private readonly digest: Sha256
  private readonly levels: HashList[] = []

  constructor(digest: Sha256 = sha256) {
    this.digest = digest
  }

  /** A store of entries by their hashes, 32 bytes each. */
  static of(hashes: Uint8Array, digest: Sha256 = sha256): MerkleStore {
    const store = new MerkleStore(digest)
    const onNode = (node: MerkleNode, hash: MerkleHash): void => store.put(node, hash)
    let frontier = EMPTY_FRONTIER
    for (let at = 0; at < hashes.length; at += 32) {
      const leaf = hashLeaf(hashes.subarray(at, at + 32), digest)
      frontier = appendLeaf(frontier, leaf, { digest, onNode })
    }
    return store
  }

  put({ level, position }: MerkleNode, hash: MerkleHash): void {
    const nodes = (this.levels[level] ??= new HashList())
    assert(nodes.length === position, 'subtrees are finished in order')
    nodes.push(hash)
  }

  proveEntry({ index, entries, line }: { index: number; entries: number; line: string }): InclusionProof {
    const entryHash = hashEntry(line, this.digest)
    const proof = this.pathOf(index, entries)
    return { index, entries, entry: line, entryHash, root: this.rootAt(entries), proof }
  }

  /** Siblings of an entry among the first `entries`, from the leaf up. */
  pathOf(index: number, entries: number): readonly Hash[] {
    return proveInclusion((node) => this.get(node), { index, size: entries }, this.digest).map(formatHash)
  }

  proveConsistency(from: number, to: number): ConsistencyProof {
    const proof = proveConsistency((node) => this.get(node), { first: from, size: to }, this.digest)
    return { from, to, fromRoot: this.rootAt(from), toRoot: this.rootAt(to), proof: proof.map(formatHash) }
  }

  /** Of the first `size` entries: the peaks are the subtrees that the binary digits of the size name. */
  rootAt(size: number): Hash {
    const peaks: MerkleHash[] = []
    let start = 0
    for (let level = this.levels.length - 1; level >= 0; level -= 1) {
      const width = 2 ** level
      if (size - start < width) continue
      peaks.push(this.get({ level, position: start / width }))
      start += width
    }
    return formatHash(rootOf({ size, peaks }, this.digest))
  }

  private get({ level, position }: MerkleNode): MerkleHash {
    const hash = this.levels[level]?.at(position)
    assert(hash !== undefined, 'the subtrees of the entries are known')
    return hash
  }
}

/** Whether a proof holds; it says nothing about who signed the root. */
export function isEntryProven(proof: InclusionProof, digest: Sha256 = sha256): boolean {
  const { index, entries, entry, entryHash, root } = proof
  if (hashEntry(entry, digest) !== entryHash) return false
  const leaf = hashLeaf(bytesOfHash(entryHash), digest)
  const siblings = proof.proof.map(bytesOfHash)
  return verifyInclusion({ index, size: entries, leaf, proof: siblings, root: bytesOfHash(root) }, digest)
}

export function isConsistencyProven(
  { from, to, fromRoot, toRoot, proof }: ConsistencyProof,
  digest: Sha256 = sha256,
): boolean {
  const siblings = proof.map(bytesOfHash)
  const roots = { firstRoot: bytesOfHash(fromRoot), root: bytesOfHash(toRoot) }
  return verifyConsistency({ first: from, size: to, ...roots, proof: siblings }, digest)
}

/** Merkle root over the hashes of entries, for whoever has them and no store. */
export function rootOfEntries(hashes: Iterable<Hash>, digest: Sha256 = sha256): Hash {
  let frontier = EMPTY_FRONTIER
  for (const hash of hashes) frontier = appendLeaf(frontier, hashLeaf(bytesOfHash(hash), digest), { digest })
  return formatHash(rootOf(frontier, digest))
}

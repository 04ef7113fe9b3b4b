import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  appendLeaf,
  EMPTY_FRONTIER,
  hashLeaf,
  hashNode,
  type MerkleFrontier,
  type MerkleHash,
  type MerkleNode,
  type MerkleNodes,
  proveConsistency,
  proveInclusion,
  rootOf,
} from '../../../src/core/transparency/merkle-tree.ts'
import { verifyConsistency, verifyInclusion } from '../../../src/core/transparency/verify-merkle.ts'

const SIZES = 130

/** The definitions of RFC 9162, section 2.1, word by word, on lists of data. */
function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

function powerBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}

function treeHash(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 0) return digest()
  if (data.length === 1) return digest(Uint8Array.of(0), ...data)
  const split = powerBelow(data.length)
  return digest(Uint8Array.of(1), treeHash(data.slice(0, split)), treeHash(data.slice(split)))
}

function path(index: number, data: readonly Uint8Array[]): Uint8Array[] {
  if (data.length === 1) return []
  const split = powerBelow(data.length)
  const [left, right] = [data.slice(0, split), data.slice(split)]
  return index < split ? [...path(index, left), treeHash(right)] : [...path(index - split, right), treeHash(left)]
}

function subProof(first: number, data: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (first === data.length) return isWhole ? [] : [treeHash(data)]
  const split = powerBelow(data.length)
  const [left, right] = [data.slice(0, split), data.slice(split)]
  return first <= split
    ? [...subProof(first, left, isWhole), treeHash(right)]
    : [...subProof(first - split, right, false), treeHash(left)]
}

function dataOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, index) => new TextEncoder().encode(`entry ${index}`))
}

function grow(data: readonly Uint8Array[]): { frontiers: MerkleFrontier[]; nodes: MerkleNodes } {
  const known = new Map<string, MerkleHash>()
  const keyOf = ({ level, position }: MerkleNode): string => `${level} ${position}`
  const frontiers = [EMPTY_FRONTIER]
  for (const item of data) {
    const last = frontiers.at(-1) ?? EMPTY_FRONTIER
    frontiers.push(appendLeaf(last, hashLeaf(item), { onNode: (node, hash) => void known.set(keyOf(node), hash) }))
  }
  const nodes: MerkleNodes = (node) => {
    const hash = known.get(keyOf(node))
    if (hash === undefined) throw new Error(`No node ${keyOf(node)}`)
    return hash
  }
  return { frontiers, nodes }
}

const DATA = dataOf(SIZES)
const TREE = grow(DATA)
const ROOTS = TREE.frontiers.map((frontier) => rootOf(frontier))

function rootAt(size: number): MerkleHash {
  return ROOTS[size] ?? new Uint8Array()
}

function flipped(hash: MerkleHash): MerkleHash {
  return hash.map((byte, index) => (index === 31 ? byte ^ 1 : byte))
}

describe('a Merkle tree', () => {
  it('has the hash of the definition at every size, and keeps as many hashes as the size has binary digits 1', () => {
    for (let size = 0; size <= SIZES; size += 1) {
      expect(rootAt(size)).toEqual(treeHash(DATA.slice(0, size)))
      expect(TREE.frontiers[size]?.peaks.length).toBe(size.toString(2).replaceAll('0', '').length)
    }
  })

  it('tells a leaf from a node', () => {
    const [left, right] = [hashLeaf(DATA[0] ?? new Uint8Array()), hashLeaf(DATA[1] ?? new Uint8Array())]
    const both = new Uint8Array([...left, ...right])
    expect(hashNode(left, right)).not.toEqual(hashLeaf(both))
  })
})

describe('an inclusion proof', () => {
  it('is the path of the definition, and holds, for every leaf of every size', () => {
    for (let size = 1; size <= SIZES; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = proveInclusion(TREE.nodes, { index, size })
        if (size < 40 || index % 7 === 0) expect(proof).toEqual(path(index, DATA.slice(0, size)))
        const leaf = hashLeaf(DATA[index] ?? new Uint8Array())
        expect(verifyInclusion({ index, size, leaf, proof, root: rootAt(size) })).toBe(true)
      }
    }
  })

  it('holds for nothing else: another index, size, leaf, root, order or length', () => {
    for (let size = 1; size <= 20; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const leaf = hashLeaf(DATA[index] ?? new Uint8Array())
        const right = { index, size, leaf, proof: proveInclusion(TREE.nodes, { index, size }), root: rootAt(size) }
        const wrong = [
          { ...right, leaf: flipped(leaf) },
          { ...right, root: flipped(right.root) },
          { ...right, index: size },
          { ...right, proof: [...right.proof, leaf] },
          { ...right, proof: [leaf, ...right.proof] },
          ...right.proof.map((_, at) => ({ ...right, proof: right.proof.toSpliced(at, 1) })),
          ...right.proof.map((hash, at) => ({ ...right, proof: right.proof.with(at, flipped(hash)) })),
          ...right.proof.map((hash, at) => ({ ...right, proof: right.proof.with(at, hash.slice(0, 31)) })),
          ...Array.from({ length: size }, (_, other) => ({ ...right, index: other })).filter(
            (one) => one.index !== index,
          ),
        ]
        for (const claim of wrong) expect(verifyInclusion(claim)).toBe(false)
      }
    }
  })
})

describe('a consistency proof', () => {
  it('is the proof of the definition, and holds, for every two sizes', () => {
    for (let size = 1; size <= SIZES; size += 1) {
      for (let first = 1; first <= size; first += 1) {
        const proof = proveConsistency(TREE.nodes, { first, size })
        if (size < 40 || first % 7 === 0) expect(proof).toEqual(subProof(first, DATA.slice(0, size), true))
        expect(verifyConsistency({ first, size, firstRoot: rootAt(first), root: rootAt(size), proof })).toBe(true)
      }
    }
  })

  it('is empty for the empty tree, whose hash must be the one of nothing', () => {
    const claim = { first: 0, size: 5, firstRoot: rootAt(0), root: rootAt(5), proof: [] }
    expect(verifyConsistency(claim)).toBe(true)
    expect(verifyConsistency({ ...claim, firstRoot: rootAt(1) })).toBe(false)
    expect(verifyConsistency({ ...claim, proof: [rootAt(5)] })).toBe(false)
  })

  it('holds for nothing else: another root, size, order or length', () => {
    for (let size = 2; size <= 20; size += 1) {
      for (let first = 1; first < size; first += 1) {
        const proof = proveConsistency(TREE.nodes, { first, size })
        const right = { first, size, firstRoot: rootAt(first), root: rootAt(size), proof }
        const wrong = [
          { ...right, firstRoot: flipped(right.firstRoot) },
          { ...right, root: flipped(right.root) },
          { ...right, first: size, size: first },
          { ...right, proof: [...proof, right.root] },
          ...proof.map((_, at) => ({ ...right, proof: proof.toSpliced(at, 1) })),
          ...proof.map((hash, at) => ({ ...right, proof: proof.with(at, flipped(hash)) })),
        ]
        for (const claim of wrong) expect(verifyConsistency(claim)).toBe(false)
      }
    }
  })
})

it('is right for larger trees drawn at random', () => {
  const data = dataOf(3_000)
  const { frontiers, nodes } = grow(data)
  fc.assert(
    fc.property(fc.nat({ max: 2_999 }), fc.nat({ max: 2_999 }), (one, other) => {
      const [first, size] = [Math.min(one, other) + 1, Math.max(one, other) + 1]
      const root = rootOf(frontiers[size] ?? EMPTY_FRONTIER)
      const firstRoot = rootOf(frontiers[first] ?? EMPTY_FRONTIER)
      expect(root).toEqual(treeHash(data.slice(0, size)))
      const index = first - 1
      const leaf = hashLeaf(data[index] ?? new Uint8Array())
      expect(verifyInclusion({ index, size, leaf, root, proof: proveInclusion(nodes, { index, size }) })).toBe(true)
      const proof = proveConsistency(nodes, { first, size })
      expect(verifyConsistency({ first, size, firstRoot, root, proof })).toBe(true)
    }),
    { numRuns: 60, seed: 2026 },
  )
})

it('has proofs for sizes that no 32-bit number holds', () => {
  const size = 2 ** 40 + 3
  const hash = new Uint8Array(32)
  const proof = proveInclusion(() => hash, { index: 2 ** 40 + 2, size })
  expect(proof.length).toBe(2)
  expect(proveInclusion(() => hash, { index: 5, size }).length).toBe(41)
})

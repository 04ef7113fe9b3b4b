import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { UseStatistics } from './use-statistics.ts'

/** What a node stands for. `summary` is what a thread of steps was folded into. */
export const MEMORY_NODE_KINDS = ['fact', 'task', 'outcome', 'entity', 'note', 'summary'] as const
/** One of `MEMORY_NODE_KINDS`. It is part of the id that is made of a text, so that one text of two kinds is two nodes. */
export type MemoryNodeKind = (typeof MEMORY_NODE_KINDS)[number]

/** Names an edge: two nodes have at most one edge of a relation in each direction. */
export type MemoryEdgeKey = {
  readonly from: string
  /** 1 to 64 characters of `a-z 0-9 -`, a letter first: `led-to`, `about`, `part-of`. */
  readonly relation: string
  readonly to: string
}

/** A relation between two nodes. Retrieval follows it both ways. */
export type MemoryEdge = MemoryEdgeKey &
  UseStatistics & {
    /** How strongly the two belong together by whoever linked them, above 0 up to 1. */
    readonly weight: number
  }

export type MemoryNode = UseStatistics & {
  /** A name that the caller gave, or 32 hexadecimal digits made from kind and text. */
  readonly id: string
  readonly kind: MemoryNodeKind
  readonly text: string
  /** UTF-8 bytes of `text`. */
  readonly sizeBytes: number
  readonly createdAt: Timestamp
  /** Reference to the stored vector: the id of the embedding model that made it. Absent where none is stored. */
  readonly embedderId: string | undefined
  /** Edges that end here on either side, in the order of `compareEdges`; each is at its other end as well. */
  readonly edges: readonly MemoryEdge[]
}

const NAME = /^[A-Za-z0-9._:-]{1,128}$/
const CONTENT_ID = /^[0-9a-f]{32}$/
const RELATION = /^[a-z][a-z0-9-]{0,63}$/

/** Whether a caller may give this id: 1 to 128 characters of `A-Z a-z 0-9 . _ : -` that do not look like `contentId`. */
export function isNodeName(id: string): boolean {
  return NAME.test(id) && !CONTENT_ID.test(id)
}

export function isNodeId(id: string): boolean {
  return NAME.test(id)
}

export function isContentId(id: string): boolean {
  return CONTENT_ID.test(id)
}

export function isRelation(relation: string): boolean {
  return RELATION.test(relation)
}

/** Whether ids and relation are well-formed. */
export function isEdgeKey({ from, relation, to }: MemoryEdgeKey): boolean {
  return isNodeId(from) && isNodeId(to) && isRelation(relation)
}

export function isMemoryNodeKind(value: unknown): value is MemoryNodeKind {
  return MEMORY_NODE_KINDS.some((kind) => kind === value)
}

/**
 * Id of a node without a name: 32 hexadecimal digits of the SHA-256 of kind and text, case of ASCII letters and white space
 * apart, so that the same thing said twice is one node, whoever says it again and after whatever restart.
 */
export function contentId(kind: MemoryNodeKind, text: string): string {
  return sha256Hex(`${kind}\n${comparableText(text)}`).slice(0, 32)
}

/** Only ASCII is folded: tables of other letters differ between engines, and ids must not. */
function comparableText(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** By `from`, then `relation`, then `to`, in UTF-16 order. */
export function compareEdges(left: MemoryEdgeKey, right: MemoryEdgeKey): number {
  return (
    compareText(left.from, right.from) || compareText(left.relation, right.relation) || compareText(left.to, right.to)
  )
}

export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** The node at the other end. */
export function otherEnd(edge: MemoryEdgeKey, id: string): string {
  return edge.from === id ? edge.to : edge.from
}

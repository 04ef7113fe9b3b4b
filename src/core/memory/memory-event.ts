import type { Timestamp } from '../../base/time.ts'
import type { MemoryEdgeKey, MemoryNodeKind } from './memory-node.ts'
import type { MemorySettings } from './memory-state.ts'
import type { RetrievalOutcome } from './use-statistics.ts'

/** Nodes or edges of one event at most. */
export const EVENT_ITEMS_MAX = 1024

/** A node that a retrieval went through, and its share in how it ended: above 0 up to 1. */
export type JudgedNode = { readonly id: string; readonly credit: number }

export type MemoryEvent =
  | { readonly type: 'settings-changed'; readonly settings: MemorySettings; readonly at: Timestamp }
  | {
      readonly type: 'node-remembered'
      /** `contentId` of kind and text, or a name. What is known under it is refreshed: a named node takes kind and text. */
      readonly id: string
      readonly kind: MemoryNodeKind
      /** Not blank, well-formed, at most `textBytesMax`. */
      readonly text: string
      /** Model of the vector that was stored for this text; absent where none was. */
      readonly embedderId?: string
      /** What is known already about how it turned out: counts as one retrieval that ended so. */
      readonly outcome?: RetrievalOutcome
      readonly at: Timestamp
    }
  /** Vectors were stored for nodes that had none of this model. Unknown ids are left out. */
  | {
      readonly type: 'nodes-embedded'
      readonly ids: readonly string[]
      readonly embedderId: string
      readonly at: Timestamp
    }
  /** Linking again sets the weight and counts as use. */
  | ({ readonly type: 'nodes-linked'; readonly weight: number; readonly at: Timestamp } & MemoryEdgeKey)
  | ({ readonly type: 'edge-forgotten'; readonly at: Timestamp } & MemoryEdgeKey)
  /** Nodes were read. Unknown ids are left out. */
  | { readonly type: 'nodes-used'; readonly ids: readonly string[]; readonly at: Timestamp }
  /** A retrieval ended. What was dropped since is left out. */
  | {
      readonly type: 'retrieval-judged'
      readonly outcome: RetrievalOutcome
      readonly nodes: readonly JudgedNode[]
      readonly edges: readonly MemoryEdgeKey[]
      readonly at: Timestamp
    }
  /** `from` was `into` all along: its edges and statistics go over, its text is gone. */
  | { readonly type: 'nodes-merged'; readonly into: string; readonly from: string; readonly at: Timestamp }
  | { readonly type: 'node-forgotten'; readonly id: string; readonly at: Timestamp }
  | { readonly type: 'all-forgotten'; readonly at: Timestamp }
  /** Drops what has faded below `valueMin`. */
  | { readonly type: 'time-passed'; readonly at: Timestamp }

export type MemoryRefusalCode =
  | 'EVENT_INVALID'
  | 'NODE_UNKNOWN'
  | 'EDGE_UNKNOWN'
  | 'TEXT_TOO_LARGE'
  /** It would leave everything as it is. */
  | 'NOTHING_CHANGED'

/** Why a node or an edge left. */
export type DropReason = 'forgotten' | 'merged' | 'evicted' | 'faded'

export type MemoryEffect =
  /** `isTextNew`: whatever was derived from an earlier text, such as a vector, is to be replaced. */
  | { readonly type: 'confirm-node'; readonly id: string; readonly isNew: boolean; readonly isTextNew: boolean }
  | ({ readonly type: 'confirm-edge'; readonly isNew: boolean } & MemoryEdgeKey)
  | { readonly type: 'confirm-change' }
  | { readonly type: 'drop-node'; readonly id: string; readonly reason: DropReason }
  | ({ readonly type: 'drop-edge'; readonly reason: DropReason } & MemoryEdgeKey)
  | { readonly type: 'drop-all' }
  | { readonly type: 'event-refused'; readonly code: MemoryRefusalCode }

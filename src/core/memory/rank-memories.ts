import type { Timestamp } from '../../base/time.ts'
import { compareText } from './memory-node.ts'
import type { MemoryEdge, MemoryNode, MemoryNodeKind } from './memory-node.ts'
import { nodeOf } from './memory-state.ts'
import type { MemoryState } from './memory-state.ts'
import { edgesTo, nodesBefore, SPREAD_LIMITS_DEFAULT, spreadActivation } from './spread-activation.ts'
import type { Reach, SpreadLimits, SpreadStart } from './spread-activation.ts'
import { expectedSuccess, fadingSince } from './use-statistics.ts'
import type { Fading } from './use-statistics.ts'

/** What a retrieval starts from: how similar texts are, as somebody else measured it, and nodes that the caller is at. */
export type Retrieval = {
  readonly similarities: readonly SimilarNode[]
  /** Ids of nodes; activation starts there in full. They are not among the results. Unknown ids are left out. */
  readonly seeds: readonly string[]
  /** Results at most, 1 or more. */
  readonly limit: number
  /** Kinds that may be among the results; others are still ways to them. Absent: all. */
  readonly kinds?: readonly MemoryNodeKind[]
  readonly at: Timestamp
}

/** Cosine, -1 to 1; what is at or below 0 counts as unlike. */
export type SimilarNode = { readonly id: string; readonly similarity: number }

export type RankingWeights = {
  readonly spread: SpreadLimits
  /** Shares of the score that depend on success and on recency; together at most 1. The rest depends on relevance alone. */
  readonly successShare: number
  readonly recencyShare: number
}

export const RANKING_WEIGHTS_DEFAULT: RankingWeights = Object.freeze({
  spread: SPREAD_LIMITS_DEFAULT,
  successShare: 0.35,
  recencyShare: 0.15,
})

/** Why a result stands where it stands; every part is 0 to 1. */
export type RankingReasons = {
  /** How similar its text is to the one asked with; 0 where nobody measured it. */
  readonly similarity: number
  /** Strength of the best way to it from a seed or from another similar node; 0 without one. */
  readonly path: number
  /** Expected share of successes among retrievals that it took part in; 0.5 while nothing is known. */
  readonly success: number
  /** 1 when it was just of use, halved with every half-life since. */
  readonly recency: number
}

export type RankedMemory = {
  readonly node: MemoryNode
  /** 0 to 1. */
  readonly score: number
  readonly why: RankingReasons
  /** The edges of the best way to it, from its start on; empty without one. */
  readonly path: readonly MemoryEdge[]
  /** Ids of the nodes of that way before it. */
  readonly carriers: readonly string[]
}

/**
 * The nodes most worth reading now, best first; of equal scores the lower id.
 *
 *     relevance = 1 - (1 - similarity)(1 - path)
 *     score     = relevance x (1 - successShare - recencyShare + successShare x success + recencyShare x recency)
 *
 * Similarity and path are two independent hints that a node belongs here, success and recency say how good it has been;
 * what belongs here by no hint is no result, however good it has been. Each part alone moves the score its own way.
 */
export function rankMemories(
  state: MemoryState,
  retrieval: Retrieval,
  weights: RankingWeights = RANKING_WEIGHTS_DEFAULT,
): readonly RankedMemory[] {
  const fading: Fading = { at: retrieval.at, halfLifeMs: state.settings.halfLifeMs }
  const similarities = new Map<string, number>()
  const starts: SpreadStart[] = []
  const seeds = new Set(retrieval.seeds)
  for (const id of seeds) {
    const node = nodeOf(state, id)
    if (node !== undefined) starts.push({ node, activation: 1 })
  }
  const candidates = new Map<string, MemoryNode>()
  for (const { id, similarity } of retrieval.similarities) {
    const node = similarity > 0 && !seeds.has(id) ? nodeOf(state, id) : undefined
    if (node === undefined) continue
    const known = similarities.get(id) ?? 0
    similarities.set(id, Math.max(known, Math.min(1, similarity)))
    candidates.set(id, node)
  }
  for (const [id, node] of candidates) starts.push({ node, activation: similarities.get(id) ?? 0 })
  const reached = spreadActivation(state, { starts, limits: weights.spread, fading })
  for (const [id, { node }] of reached) if (!seeds.has(id)) candidates.set(id, node)
  const ranked: Scored[] = []
  for (const [id, node] of candidates) {
    if (retrieval.kinds !== undefined && !retrieval.kinds.includes(node.kind)) continue
    const reach = reached.get(id)
    const why: RankingReasons = {
      similarity: similarities.get(id) ?? 0,
      path: reach?.activation ?? 0,
      success: expectedSuccess(node, fading),
      recency: fadingSince(node.usedAt, fading),
    }
    ranked.push({ node, reach, why, score: scoreOf(why, weights) })
  }
  return ranked
    .sort((one, other) => other.score - one.score || compareText(one.node.id, other.node.id))
    .slice(0, retrieval.limit)
    .map(describe)
}

type Scored = Omit<RankedMemory, 'path' | 'carriers'> & { readonly reach: Reach | undefined }

function scoreOf(
  { similarity, path, success, recency }: RankingReasons,
  { successShare, recencyShare }: RankingWeights,
): number {
  const relevance = 1 - (1 - similarity) * (1 - path)
  return relevance * (1 - successShare - recencyShare + successShare * success + recencyShare * recency)
}

function describe({ node, score, why, reach }: Scored): RankedMemory {
  const path = reach === undefined ? [] : edgesTo(reach)
  return { node, score, why, path, carriers: reach === undefined ? [] : nodesBefore(reach) }
}

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

/**
 * What counts how much in the score of a recalled node, which is relevance times (1 - `successShare` - `recencyShare` + `successShare` x
 * success + `recencyShare` x recency); see `RankingReasons` for the parts.
 */
export type RankingWeights = {
  readonly spread: SpreadLimits
  /** Shares of the score that depend on success and on recency; together at most 1. The rest depends on relevance alone. */
  readonly successShare: number
  readonly recencyShare: number
}

/** Weights that recall has unless it is told otherwise. */
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
  const seeds = new Set(retrieval.seeds)
  const similarities = new Map<string, number>()
  for (const { id, similarity } of retrieval.similarities) {
    if (similarity > 0 && !seeds.has(id) && nodeOf(state, id) !== undefined)
      similarities.set(id, Math.max(similarities.get(id) ?? 0, Math.min(1, similarity)))
  }
  const starts: SpreadStart[] = []
  for (const id of seeds) if (nodeOf(state, id) !== undefined) starts.push({ id, activation: 1 })
  for (const [id, activation] of similarities) starts.push({ id, activation })
  const reached = spreadActivation(state, { starts, limits: weights.spread, fading })
  const hinted: Hinted[] = []
  for (const [id, similarity] of similarities) hinted.push(hintedBy(id, similarity, reached.get(id)))
  for (const [id, reach] of reached) {
    if (!seeds.has(id) && !similarities.has(id)) hinted.push(hintedBy(id, 0, reach))
  }
  const scored: Scored[] = []
  for (const hint of withoutHopeless(ofKinds(state, hinted, retrieval.kinds), weights, retrieval.limit)) {
    const node = nodeOf(state, hint.id)
    if (node === undefined) continue
    const success = expectedSuccess(node, fading)
    const recency = fadingSince(node.usedAt, fading)
    scored.push({ node, hint, success, recency, score: scoreOf(hint.relevance, { success, recency, weights }) })
  }
  return scored
    .sort((one, other) => other.score - one.score || compareText(one.node.id, other.node.id))
    .slice(0, retrieval.limit)
    .map(describe)
}

/** A node that some hint says belongs here. */
type Hinted = {
  readonly id: string
  readonly similarity: number
  readonly reach: Reach | undefined
  readonly relevance: number
}

function hintedBy(id: string, similarity: number, reach: Reach | undefined): Hinted {
  return { id, similarity, reach, relevance: 1 - (1 - similarity) * (1 - (reach?.activation ?? 0)) }
}

function ofKinds(
  state: MemoryState,
  hinted: readonly Hinted[],
  kinds: readonly MemoryNodeKind[] | undefined,
): readonly Hinted[] {
  if (kinds === undefined) return hinted
  return hinted.filter(({ id }) => {
    const kind = nodeOf(state, id)?.kind
    return kind !== undefined && kinds.includes(kind)
  })
}

/**
 * Those that can be among the results at all: a score is at most the relevance, and at least the share of it that depends on
 * nothing else. Most of what was reached drops out here, before its node is even looked up.
 */
function withoutHopeless(
  hinted: readonly Hinted[],
  { successShare, recencyShare }: RankingWeights,
  limit: number,
): readonly Hinted[] {
  if (hinted.length <= limit) return hinted
  const relevances = Float64Array.from(hinted, ({ relevance }) => relevance).sort()
  const sure = relevances[hinted.length - limit] ?? 0
  const floor = sure * (1 - successShare - recencyShare) * ROUNDING
  return hinted.filter(({ relevance }) => relevance >= floor)
}

/** Room for rounding in the products that are compared. */
const ROUNDING = 1 - 1e-12

type Scored = {
  readonly node: MemoryNode
  readonly hint: Hinted
  readonly success: number
  readonly recency: number
  readonly score: number
}

function scoreOf(
  relevance: number,
  {
    success,
    recency,
    weights,
  }: { readonly success: number; readonly recency: number; readonly weights: RankingWeights },
): number {
  const { successShare, recencyShare } = weights
  return relevance * (1 - successShare - recencyShare + successShare * success + recencyShare * recency)
}

function describe({ node, hint, success, recency, score }: Scored): RankedMemory {
  const { reach, similarity } = hint
  const why: RankingReasons = { similarity, path: reach?.activation ?? 0, success, recency }
  if (reach === undefined) return { node, score, why, path: [], carriers: [] }
  return { node, score, why, path: edgesTo(reach), carriers: nodesBefore(reach) }
}

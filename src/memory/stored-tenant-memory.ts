import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import type { MemoryEdge, MemoryEdgeKey, MemoryNode } from '../core/memory/memory-node.ts'
import { nodeOf } from '../core/memory/memory-state.ts'
import type { MemoryState } from '../core/memory/memory-state.ts'
import { rankMemories } from '../core/memory/rank-memories.ts'
import type { RankedMemory, SimilarNode } from '../core/memory/rank-memories.ts'
import { fadingSince } from '../core/memory/use-statistics.ts'
import type { Fading, RetrievalOutcome, UseStatistics } from '../core/memory/use-statistics.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import { answerOnce, type JudgedRecall } from './issued-recalls.ts'
import type {
  FeedbackOptions,
  Memory,
  MemoryFigures,
  NewLink,
  NewMemory,
  Recall,
  RecallQuery,
  TenantMemory,
  ThreadStep,
  ThreadView,
} from './memory-graph.ts'
import { graphChange, throwIfRefused, write } from './memory-parts.ts'
import type { MemoryParts } from './memory-parts.ts'
import { prepareNode } from './remember-node.ts'
import type { ThreadKeeper } from './thread-keeper.ts'

const LIMIT_DEFAULT = 10
const LIMIT_MAX = 100
const SEEDS_MAX = 16
/** Similar nodes that are looked at for each item that is asked for, and at least. */
const SIMILAR_PER_ITEM = 4
const SIMILAR_MIN = 32

export type TenantMemoryParts = MemoryParts & { readonly threads: ThreadKeeper }

/** One tenant's memory over the parts that all share. Holds nothing itself. */
export class StoredTenantMemory implements TenantMemory {
  readonly #parts: TenantMemoryParts
  readonly #tenant: TenantId

  constructor(parts: TenantMemoryParts, tenant: TenantId) {
    this.#parts = parts
    this.#tenant = tenant
  }

  async remember(
    memory: NewMemory,
    { signal }: AbortOptions = {},
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    signal?.throwIfAborted()
    this.#checkOpen()
    const { id, change, onApplied } = await prepareNode(this.#parts, this.#tenant, { memory, signal })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change], onApplied })
    throwIfRefused(effects, `remember ${memory.kind}`)
    return { id, isNew: effects?.some((effect) => effect.type === 'confirm-node' && effect.isNew) === true }
  }

  async link({ from, relation, to, weight = 1 }: NewLink): Promise<void> {
    const change = graphChange({ type: 'nodes-linked', from, relation, to, weight, at: this.#parts.clock.now() })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change] })
    throwIfRefused(effects, `link ${from} ${relation} ${to}`)
  }

  async unlink({ from, relation, to }: MemoryEdgeKey): Promise<boolean> {
    const change = graphChange({ type: 'edge-forgotten', from, relation, to, at: this.#parts.clock.now() })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change] })
    return effects?.[0]?.type === 'drop-edge'
  }

  async merge(into: string, from: string): Promise<void> {
    const change = graphChange({ type: 'nodes-merged', into, from, at: this.#parts.clock.now() })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change] })
    throwIfRefused(effects, `merge ${from} into ${into}`)
  }

  async recall(query: RecallQuery, { signal }: AbortOptions = {}): Promise<Recall> {
    const { limit = LIMIT_DEFAULT, seeds = [], kinds } = query
    signal?.throwIfAborted()
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
      throw new RangeError(`limit must be 1 to ${LIMIT_MAX}, not ${limit}`)
    if (seeds.length > SEEDS_MAX) throw new RangeError(`There are at most ${SEEDS_MAX} seeds, not ${seeds.length}`)
    this.#checkOpen()
    const similarities = await this.#similarTo(query, limit, signal)
    const graph = this.#parts.owner.published(this.#tenant)?.graph
    const at = this.#parts.clock.now()
    const ranked =
      graph === undefined
        ? []
        : rankMemories(
            graph,
            { similarities: similarities ?? [], seeds, limit, at, ...(kinds !== undefined && { kinds }) },
            this.#parts.ranking,
          )
    const { recallId } = this.#parts.recalls.issue(this.#tenant, ranked)
    this.#parts.uses.note(
      this.#tenant,
      ranked.map(({ node }) => node.id),
    )
    return { recallId, items: ranked.map(describeItem), isSimilarityUsed: similarities !== undefined }
  }

  async feedback(recallId: string, outcome: RetrievalOutcome, options: FeedbackOptions = {}): Promise<void> {
    const recall = this.#parts.recalls.find(this.#tenant, recallId)
    if (recall === undefined) {
      throw new CodedError('MEMORY_RECALL_UNKNOWN', {
        message: `There is no recall ${JSON.stringify(recallId)} to judge`,
      })
    }
    const strange = options.ids?.find((id) => !recall.items.some((item) => item.id === id))
    if (strange !== undefined) throw new RangeError(`${JSON.stringify(strange)} is no item of the recall`)
    await answerOnce(recall, options.ids, async (judged) => await this.#judge(outcome, judged))
  }

  async forget(id: string): Promise<boolean> {
    const change = graphChange({ type: 'node-forgotten', id, at: this.#parts.clock.now() })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change] })
    await this.#parts.vectors.settled()
    return effects?.[0]?.type === 'drop-node'
  }

  read(id: string): Memory | undefined {
    const graph = this.#parts.owner.published(this.#tenant)?.graph
    const node = graph && nodeOf(graph, id)
    return node && describeNode(node, graph, this.#parts.clock.now())
  }

  inspect(): MemoryFigures {
    const state = this.#parts.owner.published(this.#tenant)
    const nodes = state?.graph.nodes.size ?? 0
    return {
      nodes,
      edges: state?.graph.edgeCount ?? 0,
      sizeBytes: state?.graph.sizeBytes ?? 0,
      threads: state?.threads.threads.size ?? 0,
      unembedded: Math.max(0, nodes - this.#parts.vectors.countOf(this.#tenant)),
    }
  }

  async addStep(step: ThreadStep, { signal }: AbortOptions = {}): Promise<ThreadView> {
    signal?.throwIfAborted()
    this.#checkOpen()
    return await this.#parts.threads.addStep(this.#tenant, step, signal)
  }

  readThread(thread: string): ThreadView | undefined {
    return this.#parts.threads.read(this.#tenant, thread)
  }

  async closeThread(thread: string, { signal }: AbortOptions = {}): Promise<string | undefined> {
    signal?.throwIfAborted()
    this.#checkOpen()
    return await this.#parts.threads.close(this.#tenant, thread, signal)
  }

  #checkOpen(): void {
    if (!this.#parts.owner.isOpen) throw new CodedError('MEMORY_NOT_OPEN', { message: 'The memory is not started' })
  }

  /** `undefined` when the embedder fails and the seeds have to do. */
  async #similarTo(
    { text, seeds = [], kinds }: RecallQuery,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly SimilarNode[] | undefined> {
    // Where only some kinds count, most of the nearest may be of others.
    const count = Math.max(SIMILAR_MIN, SIMILAR_PER_ITEM * limit) * (kinds === undefined ? 1 : SIMILAR_PER_ITEM)
    try {
      return await this.#parts.vectors.nearest(this.#tenant, { text, count, signal })
    } catch (error: unknown) {
      signal?.throwIfAborted()
      if (seeds.length === 0) throw error
      return undefined
    }
  }

  async #judge(outcome: RetrievalOutcome, { nodes, edges }: JudgedRecall): Promise<void> {
    const change = graphChange({ type: 'retrieval-judged', outcome, nodes, edges, at: this.#parts.clock.now() })
    const [effects] = await write(this.#parts, this.#tenant, { changes: [change] })
    const refusal = effects?.find((effect) => effect.type === 'event-refused')
    // All that was recalled may have left since: there is nothing to learn then.
    if (refusal?.code !== 'NODE_UNKNOWN') throwIfRefused(effects, `feedback ${outcome}`)
  }
}

function describeItem({ node, score, why, path }: RankedMemory): Recall['items'][number] {
  const { id, kind, text } = node
  return { id, kind, text, score, why, path: path.map(({ from, relation, to }) => ({ from, relation, to })) }
}

function describeNode(node: MemoryNode, { settings }: MemoryState, at: Fading['at']): Memory {
  const fading: Fading = { at, halfLifeMs: settings.halfLifeMs }
  const { id, kind, text, createdAt, usedAt } = node
  const links = node.edges.map((edge: MemoryEdge) => {
    const { from, relation, to, weight } = edge
    return { from, relation, to, weight, ...fadedCounts(edge, fading) }
  })
  return { id, kind, text, createdAt, usedAt, ...fadedCounts(node, fading), links }
}

function fadedCounts(
  { successes, failures, countedAt }: UseStatistics,
  fading: Fading,
): { readonly successes: number; readonly failures: number } {
  const left = fadingSince(countedAt, fading)
  return { successes: successes * left, failures: failures * left }
}

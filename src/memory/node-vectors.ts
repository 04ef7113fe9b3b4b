import type { TenantId } from '../base/identifiers.ts'
import { hashTrieForEach } from '../core/collections/hash-trie.ts'
import type { MemoryNode } from '../core/memory/memory-node.ts'
import { nodeOf } from '../core/memory/memory-state.ts'
import type { SimilarNode } from '../core/memory/rank-memories.ts'
import type { Clock } from '../ports/clock.ts'
import type { MemoryOwner } from './memory-owner.ts'
import { TenantIndex } from './tenant-index.ts'
import type { TenantIndexKernel } from './tenant-index.ts'
import type { TenantEffect } from './tenant-state.ts'
import type { ShelvedNode, VectorShelf } from './vector-shelf.ts'

export type NodeVectorsComponents = {
  readonly shelf: VectorShelf
  readonly kernel: TenantIndexKernel
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

export type NodeVectorsInit = {
  /** Nodes of a tenant at most. */
  readonly nodesMax: number
  /** Cosine below which texts have nothing in common. */
  readonly similarityMin: number
}

/** A vector that is ready for a node that is about to be remembered. */
export type PreparedVector = {
  /** Absent when the text could not be embedded. */
  readonly vector: Float32Array | undefined
  /** The model, where the vector is kept. */
  readonly embedderId: string | undefined
}

const BATCH_TEXTS = 64
/** One more than the bound: the new node is there before the one that makes room for it has left. */
const CAPACITY_SPARE = 1

/** The vectors of all tenants' nodes, each tenant's in an index of its own. They follow what is durable, not what is asked for. */
export class NodeVectors {
  readonly #components: NodeVectorsComponents
  readonly #init: NodeVectorsInit
  readonly #indexes = new Map<TenantId, TenantIndex>()
  /** Deletions of kept vectors under way. What a crash leaves behind is swept at the next start. */
  #dropping: Promise<void> = Promise.resolve()

  constructor(components: NodeVectorsComponents, init: NodeVectorsInit) {
    this.#components = components
    this.#init = init
  }

  /** Follows durable changes. */
  onApplied(tenant: TenantId, effects: readonly TenantEffect[]): void {
    const ids: string[] = []
    for (const effect of effects) {
      if (effect.type === 'drop-all') this.#clear(tenant)
      if (effect.type === 'drop-node') ids.push(effect.id)
      if (effect.type === 'confirm-node' && effect.isTextNew) this.#indexes.get(tenant)?.delete(effect.id)
    }
    for (const id of ids) this.#indexes.get(tenant)?.delete(id)
    const { shelf, onError } = this.#components
    if (ids.length > 0 && shelf.isKept)
      this.#dropping = this.#dropping.then(async () => await shelf.drop(tenant, ids)).catch(onError)
  }

  /** Resolves when vectors of dropped nodes are deleted. */
  async settled(): Promise<void> {
    await this.#dropping
  }

  async dropAll(tenant: TenantId): Promise<void> {
    this.#clear(tenant)
    await this.#dropping
    await this.#components.shelf.dropAll(tenant)
  }

  has(tenant: TenantId, id: string): boolean {
    return this.#indexes.get(tenant)?.has(id) === true
  }

  countOf(tenant: TenantId): number {
    return this.#indexes.get(tenant)?.size ?? 0
  }

  set(tenant: TenantId, id: string, vector: Float32Array): void {
    let index = this.#indexes.get(tenant)
    if (index === undefined) {
      const { kernel, shelf } = this.#components
      const capacityMax = this.#init.nodesMax + CAPACITY_SPARE
      index = new TenantIndex(kernel, { dims: shelf.embedder.dimensions, capacityMax })
      this.#indexes.set(tenant, index)
    }
    index.set(id, vector)
  }

  /** Embeds a text and keeps the vector. A model that fails is told to `onError`: the node is embedded later. Throws the signal's reason. */
  async prepare(tenant: TenantId, node: ShelvedNode, signal?: AbortSignal): Promise<PreparedVector> {
    const { shelf, onError } = this.#components
    try {
      const [vector] = await shelf.embed([node.text], signal)
      if (vector === undefined || !shelf.isKept) return { vector, embedderId: undefined }
      await shelf.keep(tenant, [{ node, vector }])
      return { vector, embedderId: shelf.embedder.id }
    } catch (error: unknown) {
      signal?.throwIfAborted()
      onError(error)
      return { vector: undefined, embedderId: undefined }
    }
  }

  /** The nodes of a tenant whose texts are nearest. At once where the embedder answers at once. Throws what the embedder throws. */
  async nearest(
    tenant: TenantId,
    query: { readonly text: string; readonly count: number; readonly signal: AbortSignal | undefined },
  ): Promise<readonly SimilarNode[]> {
    if (this.countOf(tenant) === 0) return []
    const [vector] = await this.#components.shelf.embed([query.text], query.signal)
    if (vector === undefined) return []
    return this.#indexes.get(tenant)?.nearest(vector, query.count, this.#init.similarityMin) ?? []
  }

  /** Reads kept vectors back, and computes those that cost nothing. Others are missing until `embedMissing`. */
  async load(owner: MemoryOwner): Promise<void> {
    const { shelf } = this.#components
    for (const tenant of owner.tenants()) {
      const graph = owner.published(tenant)?.graph
      if (graph === undefined) continue
      if (shelf.isImmediate) {
        hashTrieForEach(graph.nodes, ({ id, text }) => this.set(tenant, id, shelf.embedNow(text)))
        continue
      }
      await shelf.load(
        tenant,
        (id) => nodeOf(graph, id)?.text,
        (id, vector) => this.set(tenant, id, vector),
      )
    }
  }

  /** Embeds what has no vector yet, a batch at a time. Throws what the embedder and the journal throw, and the signal's reason. */
  async embedMissing(owner: MemoryOwner, signal: AbortSignal): Promise<void> {
    for (const tenant of owner.tenants()) {
      for (;;) {
        const nodes = this.#missing(owner, tenant)
        if (nodes.length === 0) break
        await this.#embedBatch(owner, tenant, { nodes, signal })
      }
    }
  }

  #clear(tenant: TenantId): void {
    this.#indexes.get(tenant)?.clear()
    this.#indexes.delete(tenant)
  }

  #missing(owner: MemoryOwner, tenant: TenantId): readonly MemoryNode[] {
    const graph = owner.published(tenant)?.graph
    const missing: MemoryNode[] = []
    if (graph === undefined || this.countOf(tenant) >= graph.nodes.size) return missing
    hashTrieForEach(graph.nodes, (node) => {
      if (missing.length < BATCH_TEXTS && !this.has(tenant, node.id)) missing.push(node)
    })
    return missing
  }

  async #embedBatch(
    owner: MemoryOwner,
    tenant: TenantId,
    { nodes, signal }: { readonly nodes: readonly MemoryNode[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const { shelf, clock } = this.#components
    const vectors = await shelf.embed(
      nodes.map(({ text }) => text),
      signal,
    )
    signal.throwIfAborted()
    const pairs = nodes.flatMap((node, index) => {
      const vector = vectors[index]
      return vector === undefined ? [] : [{ node, vector }]
    })
    await shelf.keep(tenant, pairs)
    const settle = (): void => {
      const graph = owner.published(tenant)?.graph
      for (const { node, vector } of pairs) {
        // It may have been forgotten, or named anew with another text, while the model thought.
        if (graph !== undefined && nodeOf(graph, node.id)?.text === node.text) this.set(tenant, node.id, vector)
      }
    }
    if (!shelf.isKept) return settle()
    const event = {
      type: 'nodes-embedded',
      ids: pairs.map(({ node }) => node.id),
      embedderId: shelf.embedder.id,
      at: clock.now(),
    } as const
    await owner.commit(tenant, [{ machine: 'graph', event }])
    settle()
  }
}

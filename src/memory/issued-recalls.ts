import type { TenantId } from '../base/identifiers.ts'
import type { JudgedNode } from '../core/memory/memory-event.ts'
import type { MemoryEdgeKey } from '../core/memory/memory-node.ts'
import { compareEdges } from '../core/memory/memory-node.ts'
import type { RankedMemory } from '../core/memory/rank-memories.ts'

/** Share of the outcome that counts for nodes on the way to an item. */
const CARRIER_CREDIT = 0.5

type RecalledItem = {
  readonly id: string
  readonly path: readonly MemoryEdgeKey[]
  readonly carriers: readonly string[]
}

export type IssuedRecall = {
  readonly recallId: string
  readonly tenant: TenantId
  readonly items: readonly RecalledItem[]
  /** By item, when its first feedback is durable. */
  readonly answers: Map<string, Promise<void>>
  /** Nodes and edges of the ways that an outcome has counted for. */
  readonly counted: Set<string>
}

/** What a recall went through, for whom feedback is to be given. */
export type JudgedRecall = { readonly nodes: readonly JudgedNode[]; readonly edges: readonly MemoryEdgeKey[] }

/** The latest recalls, as many as there are places: a new one takes the place of the oldest. */
export class IssuedRecalls {
  readonly #runId: string
  readonly #places: (IssuedRecall | undefined)[]
  #count = 0

  constructor(runId: string, recallsMax: number) {
    this.#runId = runId
    this.#places = Array.from({ length: recallsMax }, () => undefined)
  }

  issue(tenant: TenantId, ranked: readonly RankedMemory[]): IssuedRecall {
    const recall: IssuedRecall = {
      recallId: `${this.#runId}-${this.#count}`,
      tenant,
      items: ranked.map(({ node, path, carriers }) => ({ id: node.id, path: path.map(keyOf), carriers })),
      answers: new Map(),
      counted: new Set(),
    }
    this.#places[this.#count % this.#places.length] = recall
    this.#count += 1
    return recall
  }

  find(tenant: TenantId, recallId: string): IssuedRecall | undefined {
    const number = Number(recallId.slice(recallId.lastIndexOf('-') + 1))
    const recall = Number.isSafeInteger(number) ? this.#places[number % this.#places.length] : undefined
    return recall?.recallId === recallId && recall.tenant === tenant ? recall : undefined
  }

  /** Forgets the recalls of a tenant. */
  drop(tenant: TenantId): void {
    for (const [place, recall] of this.#places.entries()) if (recall?.tenant === tenant) this.#places[place] = undefined
  }
}

/**
 * Says how items of a recall ended, each the first time that it is asked for; what lies on the ways of several items counts
 * with the first of them. Resolves when all of them are durable.
 *
 * @param judge  Makes it durable. When it rejects, the items can be asked for again.
 */
export async function answerOnce(
  recall: IssuedRecall,
  ids: readonly string[] | undefined,
  judge: (judged: JudgedRecall) => Promise<void>,
): Promise<void> {
  const { items, answers, counted } = recall
  const meant = ids === undefined ? items : items.filter(({ id }) => ids.includes(id))
  const fresh = meant.filter(({ id }) => !answers.has(id))
  if (fresh.length > 0) {
    const { judged, marks } = judgedBy(fresh, counted)
    for (const mark of marks) counted.add(mark)
    const answer = judge(judged).catch((error: unknown) => {
      for (const { id } of fresh) answers.delete(id)
      for (const mark of marks) counted.delete(mark)
      throw error
    })
    for (const { id } of fresh) answers.set(id, answer)
  }
  await Promise.all(meant.map(async ({ id }) => await answers.get(id)))
}

/** Nodes and edges of these items, without what has counted on the way of others, and the marks of what counts now. */
function judgedBy(
  items: readonly RecalledItem[],
  counted: ReadonlySet<string>,
): { readonly judged: JudgedRecall; readonly marks: readonly string[] } {
  const credits = new Map<string, number>()
  const edges = new Map<string, MemoryEdgeKey>()
  for (const { id, path, carriers } of items) {
    credits.set(id, 1)
    for (const carrier of carriers)
      if (!counted.has(carrier)) credits.set(carrier, credits.get(carrier) ?? CARRIER_CREDIT)
    for (const edge of path) {
      const mark = markOf(edge)
      if (!counted.has(mark)) edges.set(mark, edge)
    }
  }
  const nodes = [...credits].map(([id, credit]) => ({ id, credit }))
  const judged = { nodes, edges: [...edges.values()].toSorted(compareEdges) }
  return { judged, marks: [...credits.keys(), ...edges.keys()] }
}

/** No id of a node has a space. */
function markOf({ from, relation, to }: MemoryEdgeKey): string {
  return `${from} ${relation} ${to}`
}

function keyOf({ from, relation, to }: MemoryEdgeKey): MemoryEdgeKey {
  return { from, relation, to }
}

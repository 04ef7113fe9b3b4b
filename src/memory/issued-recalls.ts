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
  /** Set with the first feedback. */
  answer: Promise<void> | undefined
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
      answer: undefined,
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

/** Nodes and edges of the items with these ids; all items when `ids` is absent. */
export function judgedBy({ items }: IssuedRecall, ids: readonly string[] | undefined): JudgedRecall {
  const credits = new Map<string, number>()
  const edges: MemoryEdgeKey[] = []
  for (const { id, path, carriers } of items) {
    if (ids !== undefined && !ids.includes(id)) continue
    credits.set(id, 1)
    for (const carrier of carriers) credits.set(carrier, credits.get(carrier) ?? CARRIER_CREDIT)
    edges.push(...path)
  }
  return {
    nodes: [...credits].map(([id, credit]) => ({ id, credit })),
    edges: edges
      .toSorted(compareEdges)
      .filter((edge, at, sorted) => at === 0 || compareEdges(sorted[at - 1] ?? edge, edge) !== 0),
  }
}

function keyOf({ from, relation, to }: MemoryEdgeKey): MemoryEdgeKey {
  return { from, relation, to }
}

/** A directed graph of whole capacities; nodes are 0 to `nodes - 1`. Two edges of one pair add up. */
export type FlowGraph = {
  readonly nodes: number
  readonly edges: readonly FlowEdge[]
}

export type FlowEdge = {
  readonly from: number
  readonly to: number
  /** Whole, 0 to 2^53 - 1. */
  readonly capacity: number
}

export type FlowQuestion = {
  /** Where flow starts, without a limit of their own. */
  readonly sources: readonly number[]
  /** Where it ends. A node that is both is a source. */
  readonly sinks: ReadonlySet<number>
  /** The search ends when so much flow was found; whole, 0 or more. */
  readonly enough: number
}

/** Edges as pairs of arcs `2k` and `2k + 1`, one the residual of the other. */
type Residual = {
  readonly heads: Int32Array
  readonly room: Float64Array
  readonly arcsOf: readonly (readonly number[])[]
}

/**
 * Largest flow from the sources to the sinks, or `enough` when there is at least that much (Dinic 1970: shortest augmenting paths level by level, at most
 * `nodes` levels). Equal graphs give equal answers, whatever the order of edges: the value of a maximum flow is unique.
 */
export function maxFlow(graph: FlowGraph, { sources, sinks, enough }: FlowQuestion): number {
  const residual = buildResidual(graph)
  const starts = new Set(sources)
  let flow = 0
  while (flow < enough) {
    const levels = levelNodes(residual, starts)
    const next = new Int32Array(graph.nodes)
    let found = 0
    for (const start of starts) {
      for (;;) {
        if (flow + found >= enough) break
        const pushed = augment({ residual, levels, next, starts, sinks }, start, enough - flow - found)
        if (pushed === 0) break
        found += pushed
      }
    }
    if (found === 0) break
    flow += found
  }
  return flow
}

function buildResidual({ nodes, edges }: FlowGraph): Residual {
  const heads = new Int32Array(edges.length * 2)
  const room = new Float64Array(edges.length * 2)
  const arcsOf = Array.from({ length: nodes }, () => new Array<number>())
  for (const [index, { from, to, capacity }] of edges.entries()) {
    heads[index * 2] = to
    heads[index * 2 + 1] = from
    room[index * 2] = capacity
    arcsOf[from]?.push(index * 2)
    arcsOf[to]?.push(index * 2 + 1)
  }
  return { heads, room, arcsOf }
}

/** Arcs from the nearest source to each node; -1 where none leads. */
function levelNodes({ heads, room, arcsOf }: Residual, starts: ReadonlySet<number>): Int32Array {
  const levels = new Int32Array(arcsOf.length).fill(-1)
  const queue = [...starts]
  for (const start of queue) levels[start] = 0
  for (const node of queue) {
    for (const arc of arcsOf[node] ?? []) {
      const head = heads[arc] ?? 0
      if ((room[arc] ?? 0) <= 0 || levels[head] !== -1) continue
      levels[head] = (levels[node] ?? 0) + 1
      queue.push(head)
    }
  }
  return levels
}

type Search = {
  readonly residual: Residual
  readonly levels: Int32Array
  /** Per node, the arc to try next: one that failed in this level graph fails again. */
  readonly next: Int32Array
  readonly starts: ReadonlySet<number>
  readonly sinks: ReadonlySet<number>
}

/** Pushes along one path that goes a level up with each arc. A stack of its own: a path may be as long as the graph. @returns What was pushed. */
function augment({ residual, levels, next, starts, sinks }: Search, start: number, most: number): number {
  const { heads, room, arcsOf } = residual
  const path: number[] = []
  let node = start
  for (;;) {
    if (sinks.has(node) && !starts.has(node)) break
    const arcs = arcsOf[node] ?? []
    let chosen = -1
    for (let at = next[node] ?? 0; at < arcs.length; at += 1) {
      const arc = arcs[at] ?? 0
      next[node] = at
      if ((room[arc] ?? 0) > 0 && levels[heads[arc] ?? 0] === (levels[node] ?? 0) + 1) {
        chosen = arc
        break
      }
      next[node] = at + 1
    }
    if (chosen >= 0) {
      path.push(chosen)
      node = heads[chosen] ?? 0
      continue
    }
    const back = path.pop()
    if (back === undefined) return 0
    node = heads[back ^ 1] ?? 0
    next[node] = (next[node] ?? 0) + 1
  }
  const pushed = path.reduce((least, arc) => Math.min(least, room[arc] ?? 0), most)
  for (const arc of path) {
    room[arc] = (room[arc] ?? 0) - pushed
    room[arc ^ 1] = (room[arc ^ 1] ?? 0) + pushed
  }
  return pushed
}

/** Where the states of a chart stand: in ranks from the top, each edge as far as can be downward. */

export type ChartNode = { readonly id: string; readonly isInitial?: boolean }
export type ChartEdge = { readonly from: string; readonly to: string }
export type Place = { readonly x: number; readonly y: number; readonly rank: number }
export type ChartLayout = {
  readonly places: ReadonlyMap<string, Place>
  readonly width: number
  readonly height: number
}

export const NODE_WIDTH = 132
export const NODE_HEIGHT = 34
const GAP_X = 28
const GAP_Y = 46
/** Room beside the states for edges that lead back or far. */
const MARGIN = 56
const SWEEPS = 6

export function layOut(nodes: readonly ChartNode[], edges: readonly ChartEdge[]): ChartLayout {
  const ids = new Set(nodes.map(({ id }) => id))
  const known = edges.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to))
  const ranks = ranksOf(nodes, forwardEdges(nodes, known))
  const rows: string[][] = []
  for (const { id } of nodes) (rows[ranks.get(id) ?? 0] ??= []).push(id)
  const filled = rows.filter((row) => row !== undefined && row.length > 0)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) untangle(filled, known)
  const widest = Math.max(1, ...filled.map((row) => row.length))
  const width = widest * NODE_WIDTH + (widest - 1) * GAP_X + 2 * MARGIN
  const places = new Map<string, Place>()
  for (const [rank, row] of filled.entries()) {
    const rowWidth = row.length * NODE_WIDTH + (row.length - 1) * GAP_X
    for (const [index, id] of row.entries())
      places.set(id, {
        x: (width - rowWidth) / 2 + index * (NODE_WIDTH + GAP_X) + NODE_WIDTH / 2,
        y: 12 + rank * (NODE_HEIGHT + GAP_Y) + NODE_HEIGHT / 2,
        rank,
      })
  }
  return { places, width, height: filled.length * (NODE_HEIGHT + GAP_Y) - GAP_Y + 24 }
}

/** Without those that lead back to where a walk from the initial states came from. */
function forwardEdges(nodes: readonly ChartNode[], edges: readonly ChartEdge[]): readonly ChartEdge[] {
  const out = Map.groupBy(edges, ({ from }) => from)
  const entered = new Set<string>()
  const left = new Set<string>()
  const forward: ChartEdge[] = []
  const walk = (id: string): void => {
    entered.add(id)
    for (const edge of out.get(id) ?? []) {
      if (entered.has(edge.to) && !left.has(edge.to)) continue
      forward.push(edge)
      if (!entered.has(edge.to)) walk(edge.to)
    }
    left.add(id)
  }
  for (const { id } of nodes.toSorted(
    (one, other) => Number(other.isInitial === true) - Number(one.isInitial === true),
  ))
    if (!entered.has(id)) walk(id)
  return forward
}

/** Each state below all that lead to it. */
function ranksOf(nodes: readonly ChartNode[], edges: readonly ChartEdge[]): ReadonlyMap<string, number> {
  const ranks = new Map(nodes.map(({ id }) => [id, 0]))
  // Without circles, as many rounds as there are states are enough.
  for (let round = 0; round < nodes.length; round += 1) {
    let isSettled = true
    for (const { from, to } of edges) {
      const rank = (ranks.get(from) ?? 0) + 1
      if (rank <= (ranks.get(to) ?? 0)) continue
      ranks.set(to, rank)
      isSettled = false
    }
    if (isSettled) break
  }
  return ranks
}

/** Puts each state near the middle of those that it is tied to, rank by rank. */
function untangle(rows: readonly string[][], edges: readonly ChartEdge[]): void {
  const at = new Map<string, number>()
  for (const row of rows) for (const [index, id] of row.entries()) at.set(id, (index + 0.5) / row.length)
  for (const row of rows) {
    const weight = (id: string): number => {
      const near = edges.flatMap(({ from, to }) => {
        if (from === id) return at.get(to) ?? []
        return to === id ? (at.get(from) ?? []) : []
      })
      return near.length === 0 ? (at.get(id) ?? 0) : near.reduce((sum, place) => sum + place, 0) / near.length
    }
    const weights = new Map(row.map((id) => [id, weight(id)]))
    row.sort((one, other) => (weights.get(one) ?? 0) - (weights.get(other) ?? 0))
    for (const [index, id] of row.entries()) at.set(id, (index + 0.5) / row.length)
  }
}

/** The way of an edge as a path: straight down to the next rank, beside the states where it goes far or back. */
export function edgePath(from: Place, to: Place, width: number): string {
  const half = NODE_HEIGHT / 2
  if (to.rank === from.rank + 1) {
    const [y1, y2] = [from.y + half, to.y - half]
    const bend = (y2 - y1) / 2
    return `M${from.x} ${y1}C${from.x} ${y1 + bend} ${to.x} ${y2 - bend} ${to.x} ${y2}`
  }
  // Around the nearer side.
  const isLeft = from.x + to.x < width
  const side = isLeft ? -1 : 1
  const [x1, x2] = [from.x + (side * NODE_WIDTH) / 2, to.x + (side * NODE_WIDTH) / 2]
  const reach = Math.min(MARGIN * 2.4, 24 + Math.abs(to.rank - from.rank) * 13)
  const out = isLeft ? Math.max(6, Math.min(x1, x2) - reach) : Math.min(width - 6, Math.max(x1, x2) + reach)
  return `M${x1} ${from.y}C${out} ${from.y} ${out} ${to.y} ${x2} ${to.y}`
}

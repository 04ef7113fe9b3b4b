import type { RandomStream } from '../../../base/random-stream.ts'

/** Children of an agent, and agents of a full tree: a client, 4, 16 and 64. */
const CHILDREN = 4
export const TREE_AGENTS = 85

/** One agent's place: who hands it tasks, to whom it hands their parts, and how many agents are below it, itself included. */
export type Place = {
  readonly at: number
  readonly tree: number
  readonly parent: number | undefined
  readonly children: readonly number[]
  readonly size: number
  /** Levels below it. */
  readonly height: number
  /** How long its own part of a task takes, milliseconds; 0: it is done at once. */
  readonly workMs: number
  readonly isMisbehaving: boolean
}

export type ShapeInit = {
  readonly agents: number
  /** Share of agents behind a misbehaver. */
  readonly misbehaving: number
  /** Share of agents whose part takes time. */
  readonly slow: number
}

/** Trees of 85, the last one of what is left. */
export function drawShape(random: RandomStream, { agents, misbehaving, slow }: ShapeInit): readonly Place[] {
  const places: Place[] = []
  for (let first = 0; first < agents; first += TREE_AGENTS) {
    const count = Math.min(TREE_AGENTS, agents - first)
    const sizes = new Uint32Array(count).fill(1)
    const heights = new Uint32Array(count)
    for (let at = count - 1; at > 0; at -= 1) {
      const above = Math.floor((at - 1) / CHILDREN)
      sizes[above] = (sizes[above] ?? 0) + (sizes[at] ?? 0)
      heights[above] = Math.max(heights[above] ?? 0, (heights[at] ?? 0) + 1)
    }
    for (let at = 0; at < count; at += 1) {
      const [bad, long, work] = [random.nextUnit(), random.nextUnit(), random.nextUnit()]
      const children = [1, 2, 3, 4].map((child) => CHILDREN * at + child).filter((child) => child < count)
      places.push({
        at: first + at,
        tree: first / TREE_AGENTS,
        parent: at === 0 ? undefined : first + Math.floor((at - 1) / CHILDREN),
        children: children.map((child) => first + child),
        size: sizes[at] ?? 1,
        height: heights[at] ?? 0,
        workMs: long < slow ? 1 + Math.floor(work * 20) : 0,
        isMisbehaving: at > 0 && bad < misbehaving,
      })
    }
  }
  return places
}

/** How long an agent waits for one that has so many levels below it. */
export function patienceMs(height: number): number {
  // Twice what two tries of each level below may take.
  let patience = 100
  for (let level = 0; level < height; level += 1) patience *= 3
  return patience
}

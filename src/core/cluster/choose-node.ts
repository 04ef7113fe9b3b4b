import { log } from '../../base/deterministic-math.ts'
import { sha256Hex } from '../../base/sha256.ts'

/** What is known of a node when a place is looked for. */
export type NodeView = {
  /** Its name in the cluster. */
  readonly name: string
  readonly labels: readonly string[]
  /** Actors of others that it takes at a time. */
  readonly capacity: number
  /** Actors of others that it has, those on their way included. */
  readonly load: number
  /** 0 to 1; see `healthScore`. */
  readonly health: number
}

export type PlacementWish = {
  /** Names the actor: the same one goes to the same node while the view is the same. */
  readonly key: string
  /** The node that it is to be on; absent: any. */
  readonly node?: string | undefined
  /** Labels that its node must have. */
  readonly labels?: readonly string[] | undefined
}

/**
 * The node for an actor: of those with its labels and room, by rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit
 * rates", 1998) with weights (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005): a node gets actors in proportion to its free
 * room and its health, and when one goes, only its own actors move.
 *
 * @returns Its name; `undefined` when none fits.
 */
export function chooseNode(nodes: readonly NodeView[], wish: PlacementWish): string | undefined {
  let best: { readonly name: string; readonly score: number } | undefined
  for (const node of nodes) {
    if (!fits(node, wish)) continue
    const weight = (node.capacity - node.load) * node.health
    const score = weight / -log(unitOf(`${wish.key.length}:${wish.key}${node.name}`))
    const isBetter = best === undefined || score > best.score
    // Equal scores are next to impossible, but the answer must not depend on the order of the view.
    if (isBetter || (score === best?.score && node.name < best.name)) best = { name: node.name, score }
  }
  return best?.name
}

function fits({ name, labels, capacity, load, health }: NodeView, wish: PlacementWish): boolean {
  if (wish.node !== undefined && wish.node !== name) return false
  if (wish.labels?.some((label) => !labels.includes(label)) === true) return false
  return load < capacity && health > 0
}

/** A hash as a number above 0 and below 1: 48 bits of it. */
function unitOf(text: string): number {
  return (Number.parseInt(sha256Hex(text).slice(0, 12), 16) + 0.5) / 0x1000000000000
}

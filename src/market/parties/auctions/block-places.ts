import type { Did } from '../../../core/evidence/names.ts'

/** How many places there are. */
export type BlockPlacesInit = {
  readonly placesMax: number
  /** Of these, places of nodes of one block of addresses. */
  readonly perBlockMax: number
}

/** Places that nodes take, first come first served, but of each block of addresses no more than a share. Nobody is moved again: whoever has a place has been told so. */
export class BlockPlaces {
  private readonly init: BlockPlacesInit
  private readonly nodes = new Set<Did>()
  /** Nodes of each block. */
  private readonly counts = new Map<string, number>()

  constructor(init: BlockPlacesInit) {
    this.init = init
  }

  has(node: Did): boolean {
    return this.nodes.has(node)
  }

  /** Whether there is a place for somebody more of a block. */
  hasRoom(block: string): boolean {
    const { placesMax, perBlockMax } = this.init
    return this.nodes.size < placesMax && (this.counts.get(block) ?? 0) < perBlockMax
  }

  /** Whoever calls this has asked `hasRoom`, or knows that the node had its place before. */
  add(node: Did, block: string): void {
    if (this.nodes.has(node)) return
    this.nodes.add(node)
    this.counts.set(block, (this.counts.get(block) ?? 0) + 1)
  }
}

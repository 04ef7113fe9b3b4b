/** How much of the runtime's work went through cells, for suites that must know that it was not XState's own hosting. */
export type CellCounts = {
  /** Cells made by `spawn` and `createActor`. */
  created: number
  /** Cells made for children that XState constructed. */
  adopted: number
  /** Messages handled. Counted per turn. */
  messages: number
}

const COUNTS: CellCounts = { created: 0, adopted: 0, messages: 0 }

/** The counts of this thread since it began; the object is live. */
export function cellCounts(): CellCounts {
  return COUNTS
}

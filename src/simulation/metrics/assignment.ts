export type AssignmentInit = {
  /**
   * What it is worth when row `i` goes to column `j`: integers whose sums are safe. `undefined`: it cannot. Rows have equal lengths. Nobody is assigned at a loss: what is worth
   * less than nothing is left out.
   */
  readonly weights: readonly (readonly (number | undefined)[])[]
  /** Rows that each column takes; absent: one each. */
  readonly capacities?: readonly number[]
}

export type Assignment = {
  /** The sum of the chosen weights; no other choice has more. */
  readonly weight: number
  /** The column of each row; `undefined`: it is left out. */
  readonly columns: readonly (number | undefined)[]
}

/**
 * The assignment of greatest weight: each row to one column at most, each column to as many rows as it takes. Shortest augmenting paths with potentials, in time of rows
 * squared times places.
 *
 * @see Kuhn, The Hungarian Method, 1955; Edmonds and Karp 1972, section 4; Burkard, Dell'Amico and Martello, Assignment Problems, SIAM 2009, algorithm 4.8
 */
export function assignmentOf({ weights, capacities }: AssignmentInit): Assignment {
  const rows = weights.length
  const columns = weights[0]?.length ?? 0
  // A column that takes k rows is k places; a row that is left out has a place of its own that is worth nothing.
  const places = Array.from({ length: columns }, (_, column) =>
    Array.from({ length: Math.min(rows, capacities?.[column] ?? 1) }, () => column),
  ).flat()
  const costs = weights.map((row, index) => [
    ...places.map((column) => lossOf(row[column])),
    ...Array.from({ length: rows }, (_, other) => (other === index ? 0 : Number.POSITIVE_INFINITY)),
  ])
  const chosen = cheapestPlaces(costs, places.length + rows)
  let weight = 0
  const assigned = chosen.map((place, row) => {
    const column = places[place]
    if (column !== undefined) weight += weights[row]?.[column] ?? 0
    return column
  })
  return { weight, columns: assigned }
}

function lossOf(weight: number | undefined): number {
  return weight === undefined || weight <= 0 ? Number.POSITIVE_INFINITY : -weight
}

/** Place of each row, so that the sum of the costs is least. Each row has a place of its own that can always be taken. */
function cheapestPlaces(costs: readonly (readonly number[])[], places: number): readonly number[] {
  const rowPotentials = costs.map(() => 0)
  const placePotentials = Array.from({ length: places }, () => 0)
  const ownerOf = Array.from({ length: places }, () => -1)
  for (let row = 0; row < costs.length; row += 1) augment({ costs, rowPotentials, placePotentials, ownerOf }, row)
  const placeOf = costs.map(() => -1)
  for (const [place, owner] of ownerOf.entries()) if (owner >= 0) placeOf[owner] = place
  return placeOf
}

type Matching = {
  readonly costs: readonly (readonly number[])[]
  readonly rowPotentials: number[]
  readonly placePotentials: number[]
  /** The row that has each place; -1: nobody. */
  readonly ownerOf: number[]
}

/** Gives one more row a place by the shortest way through the places of others. */
function augment(matching: Matching, start: number): void {
  const { costs, rowPotentials, placePotentials, ownerOf } = matching
  const places = ownerOf.length
  const distances = Array.from({ length: places }, () => Number.POSITIVE_INFINITY)
  const before = Array.from({ length: places }, () => -1)
  const isDone = Array.from({ length: places }, () => false)
  let row = start
  let reached = -1
  let distance = 0
  for (;;) {
    let next = -1
    for (let place = 0; place < places; place += 1) {
      if (isDone[place] === true) continue
      const cost = costs[row]?.[place] ?? Number.POSITIVE_INFINITY
      const way = distance + cost - (rowPotentials[row] ?? 0) - (placePotentials[place] ?? 0)
      if (way < (distances[place] ?? 0)) {
        distances[place] = way
        before[place] = reached
      }
      if (next === -1 || (distances[place] ?? 0) < (distances[next] ?? 0)) next = place
    }
    reached = next
    distance = distances[reached] ?? 0
    isDone[reached] = true
    row = ownerOf[reached] ?? -1
    if (row === -1) break
  }
  rowPotentials[start] = (rowPotentials[start] ?? 0) + distance
  for (let place = 0; place < places; place += 1) {
    if (isDone[place] !== true) continue
    const gap = distance - (distances[place] ?? 0)
    const owner = ownerOf[place] ?? -1
    placePotentials[place] = (placePotentials[place] ?? 0) - gap
    if (owner >= 0) rowPotentials[owner] = (rowPotentials[owner] ?? 0) + gap
  }
  for (let place = reached; place >= 0;) {
    const from = before[place] ?? -1
    ownerOf[place] = from === -1 ? start : (ownerOf[from] ?? -1)
    place = from
  }
}

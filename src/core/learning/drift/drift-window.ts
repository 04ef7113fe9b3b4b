import { isNovel, noveltyLimitOf, type NoveltyLimit } from './novelty.ts'
import { binEdges, binOf, expectedByChance, stabilityOfCounts, type Stability } from './population-stability.ts'

export type DriftThresholds = {
  /** Index from which a feature is watched, and from which it has drifted (Siddiqi, 2006: 0.1 and 0.25). */
  readonly watch: number
  readonly drifted: number
  /** Share of novel tasks from which the window is another population. The reference itself has 0.01. */
  readonly noveltyMax: number
  /** Fewer tasks than this in either window say nothing. */
  readonly rowsMin: number
}

export const DRIFT_DEFAULTS: DriftThresholds = { watch: 0.1, drifted: 0.25, noveltyMax: 0.05, rowsMin: 200 }

export type DriftState = 'stable' | 'watch' | 'drifted'

export type DriftFigure = {
  /** `feature: NAME`, `novelty`, or the name of a category. */
  readonly name: string
  /** Population stability index, less what chance alone is expected to bring; for novelty, a share. */
  readonly figure: number
  readonly state: DriftState
}

/** A task as drift sees it. */
export type DriftRow = {
  /** `undefined` where they are not known. */
  readonly features: Float64Array | undefined
  /** What it is said to be, and where it went, by name; every row has the same names. */
  readonly categories: Readonly<Record<string, string>>
}

/**
 * What a window of tasks looks like, without any of them: it stays as large as it is however many rows are compared with it. Plain data.
 */
export type DriftReference = {
  readonly rows: number
  /** Of which so many with features. */
  readonly featured: number
  /** Per feature: the upper edges of its bins but the last, and the rows in each bin. */
  readonly edges: readonly (readonly number[])[]
  readonly bins: readonly (readonly number[])[]
  /** `null` without features. */
  readonly novelty: NoveltyLimit | null
  readonly categories: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** Rows that are counted against a reference; none of them is kept. */
export type DriftWindow = {
  readonly rows: number
  /** Throws `RangeError` for other features than the reference has. */
  add(row: DriftRow): void
  /** What moved; no features where either window has fewer than `rowsMin` rows with them. */
  figures(featureNames: readonly string[], thresholds: DriftThresholds): readonly DriftFigure[]
  /** Rows by value of a category: the reference's, and the window's. */
  counts(category: string): { readonly reference: readonly number[]; readonly recent: readonly number[] }
}

/** Values of a category that are told apart; what comes after counts as one. */
const VALUES_MAX = 1_000
const OTHERS = '(others)'

/** Throws `RangeError` for rows of different lengths. */
export function driftReferenceOf(rows: readonly DriftRow[]): DriftReference {
  const featured = rows.flatMap(({ features }) => features ?? [])
  const size = featured[0]?.length ?? 0
  const edges = Array.from({ length: size }, (_, at) => binEdges(featured.map((row) => row[at] ?? 0)))
  const bins = edges.map((own, at) => {
    const counts = Array.from({ length: own.length + 1 }, () => 0)
    for (const row of featured) increase(counts, binOf(own, row[at] ?? 0))
    return counts
  })
  const categories = new CategoryCounts()
  for (const row of rows) categories.add(row)
  return {
    rows: rows.length,
    featured: featured.length,
    edges,
    bins,
    novelty: featured.length === 0 ? null : noveltyLimitOf(featured),
    categories: categories.plain(),
  }
}

export function createDriftWindow(reference: DriftReference): DriftWindow {
  const { edges, novelty } = reference
  const bins = reference.bins.map((counts) => counts.map(() => 0))
  const categories = new CategoryCounts()
  let rows = 0
  let featured = 0
  let novel = 0
  const counts: DriftWindow['counts'] = (category) => {
    const [before, after] = [reference.categories[category] ?? {}, categories.of(category)]
    const names = [...new Set([...Object.keys(before), ...after.keys()])].toSorted()
    return {
      reference: names.map((name) => (Object.hasOwn(before, name) ? (before[name] ?? 0) : 0)),
      recent: names.map((name) => after.get(name) ?? 0),
    }
  }
  return {
    get rows() {
      return rows
    },
    add(row) {
      const { features } = row
      if (features !== undefined && novelty !== null) {
        novel += Number(isNovel(novelty, features))
        featured += 1
        for (let at = 0; at < edges.length; at += 1) increase(bins[at] ?? [], binOf(edges[at] ?? [], features[at] ?? 0))
      }
      rows += 1
      categories.add(row)
    },
    figures(featureNames, thresholds) {
      const hasFeatures = Math.min(reference.featured, featured) >= thresholds.rowsMin
      const share = featured === 0 ? 0 : novel / featured
      const ofFeatures: readonly DriftFigure[] = [
        { name: 'novelty', figure: share, state: share > thresholds.noveltyMax ? 'drifted' : 'stable' },
        ...bins.map((own, at) =>
          figureOf(
            `feature: ${featureNames[at] ?? at}`,
            aboveChance(stabilityOfCounts(reference.bins[at] ?? [], own), reference.featured, featured),
            thresholds,
          ),
        ),
      ]
      const names = new Set([...Object.keys(reference.categories), ...categories.names()])
      const ofCategories = [...names].map((name) => {
        const { reference: before, recent } = counts(name)
        return figureOf(name, aboveChance(stabilityOfCounts(before, recent), reference.rows, rows), thresholds)
      })
      return [...(hasFeatures ? ofFeatures : []), ...ofCategories]
    },
    counts,
  }
}

function increase(counts: number[], place: number): void {
  counts[place] = (counts[place] ?? 0) + 1
}

function aboveChance({ index, bins }: Stability, reference: number, recent: number): number {
  return index - expectedByChance(bins, reference, recent)
}

function figureOf(name: string, index: number, { watch, drifted }: DriftThresholds): DriftFigure {
  const figure = Math.max(0, index)
  if (figure >= drifted) return { name, figure, state: 'drifted' }
  return { name, figure, state: figure >= watch ? 'watch' : 'stable' }
}

/** Rows by category and value. */
class CategoryCounts {
  readonly #counts = new Map<string, Map<string, number>>()

  add({ categories }: DriftRow): void {
    for (const [name, value] of Object.entries(categories)) {
      const counts = this.#counts.get(name) ?? new Map<string, number>()
      this.#counts.set(name, counts)
      const known = counts.has(value) || counts.size < VALUES_MAX ? value : OTHERS
      counts.set(known, (counts.get(known) ?? 0) + 1)
    }
  }

  names(): Iterable<string> {
    return this.#counts.keys()
  }

  of(name: string): ReadonlyMap<string, number> {
    return this.#counts.get(name) ?? new Map()
  }

  plain(): DriftReference['categories'] {
    return Object.fromEntries([...this.#counts].map(([name, counts]) => [name, Object.fromEntries(counts)]))
  }
}

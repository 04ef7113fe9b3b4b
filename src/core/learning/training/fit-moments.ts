import { difficultyIndex } from '../../policy/difficulty-index.ts'
import type { FeatureRecipe } from '../../policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../../policy/prompt-features.ts'

/** Rows that are read one at a time. `read` writes the raw prompt features of a row, in the order of `PROMPT_FEATURES`. */
export type RawRows = { readonly rowCount: number; readonly read: (row: number, out: Float64Array) => void }

/** Spread below which a feature is constant and switched off. */
const SPREAD_MIN = 1e-6

/** Centres and spreads of the rows, without templates, in two passes that keep nothing of a row. */
export function fitMoments({ rowCount, read }: RawRows, bucketBits: number): FeatureRecipe {
  const width = PROMPT_FEATURES.length + 1
  const raw = new Float64Array(PROMPT_FEATURES.length)
  const values = new Float64Array(width)
  const readValues = (row: number): void => {
    read(row, raw)
    values.set(raw)
    values[width - 1] = difficultyIndex(raw)
  }
  const means = new Float64Array(width)
  const squares = new Float64Array(width)
  for (let row = 0; row < rowCount; row += 1) {
    readValues(row)
    for (let j = 0; j < width; j += 1) means[j] = (means[j] ?? 0) + (values[j] ?? 0)
  }
  for (let j = 0; j < width; j += 1) means[j] = (means[j] ?? 0) / Math.max(1, rowCount)
  for (let row = 0; row < rowCount; row += 1) {
    readValues(row)
    for (let j = 0; j < width; j += 1) {
      const away = (values[j] ?? 0) - (means[j] ?? 0)
      squares[j] = (squares[j] ?? 0) + away * away
    }
  }
  const scale = squares.map((square) => {
    const spread = Math.sqrt(square / Math.max(1, rowCount))
    return spread > SPREAD_MIN ? 1 / spread : 0
  })
  return {
    centre: means.slice(0, width - 1),
    scale: scale.slice(0, width - 1),
    difficultyCentre: means[width - 1] ?? 0,
    difficultyScale: scale[width - 1] ?? 0,
    templates: [],
    templateCount: 1,
    bucketBits,
  }
}

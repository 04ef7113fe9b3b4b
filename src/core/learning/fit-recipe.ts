import { difficultyIndex } from '../policy/difficulty-index.ts'
import type { FeatureRecipe, ResponseRecipe } from '../policy/feature-recipe.ts'
import type { PreparedRow } from './input-matrix.ts'
import { growTemplates } from './grow-templates.ts'

/** Spread below which a feature is constant and switched off. */
const SPREAD_MIN = 1e-6

export type RecipeInit = {
  readonly bucketBits: number
  /** Outcome of each candidate per row, from which templates are told apart; a row without all of them is left out. */
  readonly outcomes: readonly Float64Array[]
  /** With two candidates the score only ranks prompts, and flags that hold for whole families would make steps in the ranking. */
  readonly withTemplates: boolean
}

/** Share of the outcomes' variation that one question about the form of a prompt must explain to make a template. */
const TEMPLATE_GAIN_MIN = 0.005
const TEMPLATE_DEPTH_MAX = 2
const TEMPLATE_ROWS_MIN = 30
const TEMPLATE_SHARE_MIN = 1 / 20

/** Centres, spreads and templates of the training rows. */
export function fitRecipe(
  rows: readonly PreparedRow[],
  { bucketBits, outcomes, withTemplates }: RecipeInit,
): FeatureRecipe {
  const raw = rows.map((row) => row.raw)
  const { centre, scale } = standardise(raw)
  const difficulty = standardise(raw.map((values) => Float64Array.of(difficultyIndex(values))))
  const complete = rows.flatMap((_, index) =>
    outcomes[index]?.every((value) => Number.isFinite(value)) === true ? [index] : [],
  )
  const tree = growTemplates(
    {
      features: complete.flatMap((index) => raw[index] ?? []) as readonly Float64Array[],
      outcomes: complete.flatMap((index) => outcomes[index] ?? []) as readonly Float64Array[],
    },
    {
      depthMax: withTemplates ? TEMPLATE_DEPTH_MAX : 0,
      rowsMin: Math.max(TEMPLATE_ROWS_MIN, Math.ceil(complete.length * TEMPLATE_SHARE_MIN)),
      gainMin: TEMPLATE_GAIN_MIN,
    },
  )
  return {
    centre,
    scale,
    difficultyCentre: difficulty.centre[0] ?? 0,
    difficultyScale: difficulty.scale[0] ?? 0,
    templates: tree.templates,
    templateCount: tree.templateCount,
    bucketBits,
  }
}

export function fitResponseRecipe(rows: readonly PreparedRow[]): ResponseRecipe {
  return standardise(rows.flatMap(({ answer }) => (answer === undefined ? [] : [answer])))
}

function standardise(rows: readonly Float64Array[]): { readonly centre: Float64Array; readonly scale: Float64Array } {
  const width = rows[0]?.length ?? 0
  const centre = new Float64Array(width)
  const scale = new Float64Array(width)
  for (const row of rows) for (let j = 0; j < width; j += 1) centre[j] = (centre[j] ?? 0) + (row[j] ?? 0) / rows.length
  for (const row of rows) {
    for (let j = 0; j < width; j += 1) {
      const away = (row[j] ?? 0) - (centre[j] ?? 0)
      scale[j] = (scale[j] ?? 0) + (away * away) / rows.length
    }
  }
  for (let j = 0; j < width; j += 1) {
    const spread = Math.sqrt(scale[j] ?? 0)
    scale[j] = spread > SPREAD_MIN ? 1 / spread : 0
  }
  return { centre, scale }
}

import { ESTIMATE_START } from '../../core/learning/calibrate.ts'
import {
  NEIGHBOUR_SETTINGS,
  chooseExamples,
  estimateFromExamples,
  gatherExamples,
  type NeighbourRows,
} from '../../core/learning/training/fit-neighbours.ts'
import type { EncodedSet } from './encode-set.ts'
import { cutScores, type Folds, type NeighbourMethod } from './method.ts'
import type { TrainingRun } from './training-run.ts'

export type NeighbourInit = { readonly set: EncodedSet; readonly folds: Folds; readonly run: TrainingRun }

/** Fewer tasks with text than this are no neighbourhood. */
export const TEXTS_MIN = 100

/** Rows judged between two looks at the signal. */
const SLICE_ROWS = 64

/** Outcomes of similar tasks. Judged on the rows that may be examples, each without its fold; the others have no score. */
export function createNeighbourMethod({ set, folds, run }: NeighbourInit): NeighbourMethod {
  const { candidates } = set
  const texts = Uint32Array.from(set.keys.keys()).filter((row) => set.hasText[row] === 1)
  const rows: NeighbourRows = {
    rows: texts,
    codes: set.codes,
    scales: set.scales,
    keys: set.keys,
    outcomes: candidates.map(({ success }) => success),
    weights: candidates.map(({ weights }) => weights),
  }
  const examples = chooseExamples(rows)
  return {
    family: 'neighbours',
    names: NEIGHBOUR_SETTINGS.map(({ neighbourCount, priorWeight }) => `neighbours-${neighbourCount}-${priorWeight}`),
    start: ESTIMATE_START,
    stepsPerFold: 1,
    async scoreFold(fold) {
      const scores = await run.step(`neighbours-fold-${fold}`, async () => await scoreExamples(fold))
      return cutScores(scores, NEIGHBOUR_SETTINGS.length, candidates.length)
    },
    gatherAll: async (variant) => {
      const setting = NEIGHBOUR_SETTINGS[variant]
      if (setting === undefined) throw new RangeError(`There is no setting ${variant}`)
      return await Promise.resolve(gatherExamples(rows, examples, setting))
    },
  }

  async function scoreExamples(fold: number): Promise<Float32Array> {
    const judged = examples.filter((row) => folds.of[row] === fold)
    const known = examples.filter((row) => folds.of[row] !== fold)
    const model = gatherExamples(rows, known, { neighbourCount: 1, priorWeight: 1 })
    const foldRows = folds.rowsOf[fold] ?? new Uint32Array(0)
    const places = new Map(Array.from(foldRows, (row, place) => [row, place]))
    const width = candidates.length
    const out = new Float32Array(NEIGHBOUR_SETTINGS.length * width * foldRows.length).fill(Number.NaN)
    for (let from = 0; from < judged.length; from += SLICE_ROWS) {
      const slice = judged.subarray(from, from + SLICE_ROWS)
      for (const [variant, estimates] of estimateFromExamples(model, rows, slice).entries()) {
        for (const [index, row] of slice.entries()) {
          for (let m = 0; m < width; m += 1)
            out[(variant * width + m) * foldRows.length + (places.get(row) ?? 0)] = estimates[index * width + m] ?? 0
        }
      }
      await run.pause()
    }
    return out
  }
}

import type { FeatureBatch } from '../core/kernels/linear-model.ts'
import type { PolicyScorer, PolicyScores } from '../core/policy/policy-scorer.ts'
import type { LinearScorer, PolicyKernel } from '../ports/policy-kernel.ts'

/** From this many prompts on one call of the WebAssembly kernel beats the sum in TypeScript (`npm run bench -- policy`). */
export const BATCH_ROWS_MIN = 4

/** Scores of many prompts, and which implementation computed them; both give the same bits. */
export type BatchScores = { readonly scores: readonly PolicyScores[]; readonly implementation: 'wasm' | 'typescript' }

/** Scores prompts together: few, and those of other families than `linear`, in TypeScript; many in one call of the kernel. */
export type BatchScorer = { score(prompts: readonly string[]): BatchScores }

export function createBatchScorer(scorer: PolicyScorer, kernel: PolicyKernel | undefined): BatchScorer {
  // Weights are copied into the kernel's memory once, and only when a batch comes.
  let loaded: LinearScorer | undefined
  return {
    score(prompts) {
      if (kernel === undefined || prompts.length < BATCH_ROWS_MIN || scorer.artefact.family !== 'linear') {
        return { scores: prompts.map((prompt) => scorer.score(prompt)), implementation: 'typescript' }
      }
      loaded ??= kernel.loadModel(scorer.artefact.success)
      const batch = joinRows(prompts.map((prompt) => copyOf(scorer.encode(prompt))))
      const raw = loaded.score(batch, 'raw')
      const success = loaded.score(batch, 'sigmoid')
      return {
        scores: splitRows(scorer, { raw, success, rowCount: prompts.length }),
        implementation: kernel.implementation,
      }
    },
  }
}

type Scored = { readonly raw: Float64Array; readonly success: Float64Array; readonly rowCount: number }

function splitRows({ artefact }: PolicyScorer, { raw, success, rowCount }: Scored): readonly PolicyScores[] {
  const width = artefact.candidates.length
  const { pair } = artefact
  return Array.from({ length: rowCount }, (_, row) => {
    const own = raw.slice(row * width, (row + 1) * width)
    const gain = pair === undefined ? undefined : (own[pair.strong] ?? 0) - (own[pair.weak] ?? 0)
    return { raw: own, success: success.slice(row * width, (row + 1) * width), gain }
  })
}

/** The encoder overwrites its row with the next prompt, so a row that is scored later is copied. */
export function copyOf<Batch extends FeatureBatch>(batch: Batch): Batch {
  const pairs = batch.offsets[1] ?? 0
  return {
    ...batch,
    rowCount: 1,
    dense: batch.dense.slice(),
    offsets: batch.offsets.slice(),
    indices: batch.indices.slice(0, pairs),
    values: batch.values.slice(0, pairs),
  }
}

/** One batch of single rows of equal width. */
export function joinRows(rows: readonly FeatureBatch[]): FeatureBatch {
  const width = rows[0]?.dense.length ?? 0
  const pairs = rows.reduce((sum, row) => sum + row.indices.length, 0)
  const joined = {
    rowCount: rows.length,
    dense: new Float64Array(rows.length * width),
    offsets: new Uint32Array(rows.length + 1),
    indices: new Uint32Array(pairs),
    values: new Float64Array(pairs),
  }
  let at = 0
  for (const [index, row] of rows.entries()) {
    joined.dense.set(row.dense, index * width)
    joined.indices.set(row.indices, at)
    joined.values.set(row.values, at)
    at += row.indices.length
    joined.offsets[index + 1] = at
  }
  return joined
}

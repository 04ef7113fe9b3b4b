import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTypeScriptKernel } from 'kernell-os/wasm'
import { generateTasks } from './generated-tasks.ts'

/** Rows in compressed form; the last `heldOutCount` are not trained on. Files of the same names hold the arrays, little-endian, without a header. */
export type TrainingMatrix = {
  /** Row r has the pairs offsets[r] .. offsets[r + 1] - 1. */
  readonly offsets: Uint32Array
  readonly indices: Uint32Array
  readonly values: Float64Array
  readonly labels: Float32Array
  readonly heldOutCount: number
}

export const BUCKET_BITS = 18

/** Hashes generated texts with the package's own hasher (words and pairs of words) and scales each row to length 1. */
export function buildMatrix(rowCount: number, heldOutCount: number, seed: number): TrainingMatrix {
  const hasher = createTypeScriptKernel().createTextHasher({
    dims: 16,
    recipe: { seed: 1, charWeights: [], wordWeights: [1, 1] },
  })
  const offsets = new Uint32Array(rowCount + 1)
  const labels = new Float32Array(rowCount)
  let indices = new Uint32Array(1 << 20)
  let values = new Float64Array(1 << 20)
  let at = 0
  let row = 0
  for (const { text, isRight } of generateTasks(rowCount, seed)) {
    const features = hasher.features(text, BUCKET_BITS)
    const norm = Math.sqrt(features.values.reduce((sum, value) => sum + value * value, 0)) || 1
    if (at + features.indices.length > indices.length) {
      indices = grown(indices, new Uint32Array(2 * indices.length))
      values = grown(values, new Float64Array(2 * values.length))
    }
    indices.set(features.indices, at)
    values.set(
      features.values.map((value) => Math.fround(value / norm)),
      at,
    )
    at += features.indices.length
    row += 1
    offsets[row] = at
    labels[row - 1] = isRight ? 1 : 0
  }
  return { offsets, indices: indices.slice(0, at), values: values.slice(0, at), labels, heldOutCount }
}

function grown<Numbers extends Uint32Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}

const NAMES = ['offsets', 'indices', 'values', 'labels'] as const

export function writeMatrix(folder: string, matrix: TrainingMatrix): void {
  for (const name of NAMES) writeFileSync(join(folder, name), new Uint8Array(matrix[name].buffer))
  writeFileSync(join(folder, 'shape.json'), JSON.stringify({ heldOutCount: matrix.heldOutCount }))
}

export function readMatrix(folder: string): TrainingMatrix {
  const read = (name: (typeof NAMES)[number]): ArrayBuffer => Uint8Array.from(readFileSync(join(folder, name))).buffer
  const { heldOutCount } = JSON.parse(readFileSync(join(folder, 'shape.json'), 'utf8')) as { heldOutCount: number }
  return {
    offsets: new Uint32Array(read('offsets')),
    indices: new Uint32Array(read('indices')),
    values: new Float64Array(read('values')),
    labels: new Float32Array(read('labels')),
    heldOutCount,
  }
}

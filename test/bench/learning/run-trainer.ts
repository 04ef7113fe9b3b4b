/**
 * `node run-trainer.ts wasm|typescript FOLDER EPOCHS PRIOR`: trains on the matrix in a folder in a process of its own. The last line on stdout is a
 * JSON object: seconds of the epochs, held-out raw scores' file, peak memory.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { compileCore, createTypeScriptKernel, createWasmKernel } from 'kernell-os/wasm'
import { BUCKET_BITS, readMatrix } from './training-matrix.ts'

const [implementation = 'wasm', folder = '.', epochs = '5', prior = '1'] = process.argv.slice(2)
const matrix = readMatrix(folder)
const bytes = readFileSync(createRequire(import.meta.url).resolve('kernell-os/wasm/core.wasm'))
const kernel = implementation === 'wasm' ? createWasmKernel(await compileCore(bytes)) : createTypeScriptKernel()

const { offsets, indices, values, labels, heldOutCount } = matrix
const rowCount = labels.length
const trainCount = rowCount - heldOutCount
const loadStartedMs = performance.now()
const trainer = kernel.createTrainer({ denseCount: 0, sparseCount: 1 << BUCKET_BITS })
for (let row = 0; row < rowCount; row += 1) {
  const [from, to] = [offsets[row] ?? 0, offsets[row + 1] ?? 0]
  const pairs = { indices: indices.subarray(from, to), values: values.subarray(from, to), pairCount: to - from }
  trainer.rows.append({ dense: new Float64Array(0), ...pairs })
}
const loadMs = performance.now() - loadStartedMs
const startedMs = performance.now()
trainer.begin({
  loss: 'logistic',
  rate: 0.6,
  denseRate: 0.02,
  start: 0.1,
  densePenalties: new Float32Array(0),
  sparsePenalty: Number(prior) / trainCount,
  readsPairs: true,
  bias: 0,
})
const order = Uint32Array.from({ length: trainCount }, (_, row) => row)
let state = 1
for (let epoch = 0; epoch < Number(epochs); epoch += 1) {
  for (let last = trainCount - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = Math.floor((state / 4_294_967_296) * (last + 1))
    const kept = order[last] ?? 0
    order[last] = order[other] ?? 0
    order[other] = kept
  }
  trainer.train({ order, targets: labels })
}
const trainMs = performance.now() - startedMs
trainer.read()
const scores = trainer.score(Uint32Array.from({ length: heldOutCount }, (_, row) => trainCount + row))
writeFileSync(join(folder, `scores-${implementation}`), new Uint8Array(scores.buffer))
const peakBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(
  `${JSON.stringify({ seconds: trainMs / 1000, loadSeconds: loadMs / 1000, peakBytes, rowBytes: trainer.rows.bytes })}\n`,
)

import { parentPort, workerData } from 'node:worker_threads'
import { WasmCore } from '../../src/wasm/wasm-core.ts'
import type { WasmRegion } from '../../src/wasm/wasm-core.ts'
import type { WasmModule } from '../../src/wasm/web-assembly.ts'

/** Scans its share of rows that the main thread wrote, with scratch space in its own region of the same memory. */
export type ScanJob = {
  readonly module: WasmModule
  readonly region: WasmRegion
  readonly query: number
  readonly rows: number
  readonly rowCount: number
  readonly dims: number
  readonly k: number
}

const job = workerData as ScanJob
const core = new WasmCore(job.module, job.region)
const scores = core.allocate(job.k * 4)
const slots = core.allocate(job.k * 4)
const count = core.exports.topKFloat32(job.query, job.rows, job.rowCount, job.dims, job.k, scores, slots)
parentPort?.postMessage({
  scores: Array.from(core.float32(scores, count)),
  slots: Array.from(core.int32(slots, count)),
})

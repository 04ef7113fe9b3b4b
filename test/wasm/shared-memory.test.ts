import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { readCoreBytes } from '../../src/wasm/node-load.ts'
import { WasmCore, createSharedMemory } from '../../src/wasm/wasm-core.ts'
import { compileCore } from '../../src/wasm/wasm-kernel.ts'
import { PAGE_BYTES } from '../../src/wasm/web-assembly.ts'
import { randomNumbers } from './seeded-vectors.ts'
import type { ScanJob } from './scan-worker.ts'

type Found = { readonly scores: readonly number[]; readonly slots: readonly number[] }

async function scanInWorker(job: ScanJob): Promise<Found> {
  const worker = new Worker(new URL('./scan-worker.ts', import.meta.url), { workerData: job })
  const [found] = (await once(worker, 'message')) as [Found]
  await worker.terminate()
  return found
}

describe('one memory, several threads', () => {
  it('lets workers scan shares of rows that the main thread wrote, to the same hits', async () => {
    const dims = 64
    const rowCount = 1_000
    const k = 5
    const pages = 16
    const memory = createSharedMemory(pages)
    const module = await compileCore(await readCoreBytes('core.shared.wasm'))
    const half = (pages * PAGE_BYTES) / 2
    const owner = new WasmCore(module, { memory, from: 0, to: half })
    const query = owner.allocate(dims * 4)
    const rows = owner.allocate(rowCount * dims * 4)
    owner.float32(query, dims).set(randomNumbers(1, dims))
    owner.float32(rows, rowCount * dims).set(randomNumbers(2, rowCount * dims))
    const scores = owner.allocate(k * 4)
    const slots = owner.allocate(k * 4)
    owner.exports.topKFloat32(query, rows, rowCount, dims, k, scores, slots)

    const share = rowCount / 2
    const job = { module, query, rowCount: share, dims, k }
    const parts = await Promise.all([
      scanInWorker({ ...job, rows, region: { memory, from: half, to: half * 1.5 } }),
      scanInWorker({ ...job, rows: rows + share * dims * 4, region: { memory, from: half * 1.5, to: half * 2 } }),
    ])
    const merged = parts.flatMap((part, at) =>
      part.slots.map((slot, i) => ({ slot: slot + at * share, score: part.scores[i] ?? 0 })),
    )
    const best = merged.toSorted((a, b) => b.score - a.score).slice(0, k)
    expect(best.map(({ slot }) => slot)).toEqual(Array.from(owner.int32(slots, k)))
    expect(best.map(({ score }) => score)).toEqual(Array.from(owner.float32(scores, k)))
  })

  it('refuses to lay out more than its region', async () => {
    const module = await compileCore(await readCoreBytes('core.shared.wasm'))
    const core = new WasmCore(module, { memory: createSharedMemory(1), from: 0, to: 4096 })
    expect(() => core.allocate(8192)).toThrow(RangeError)
  })
})

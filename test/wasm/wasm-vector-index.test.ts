import { describe, expect, it } from 'vitest'
import { readCoreBytes } from '../../src/wasm/node-load.ts'
import { WasmCore, createSharedMemory } from '../../src/wasm/wasm-core.ts'
import { WasmVectorIndex } from '../../src/wasm/wasm-vector-index.ts'
import { compileCore } from '../../src/wasm/wasm-kernel.ts'
import { unitVector } from './seeded-vectors.ts'

async function createCore(): Promise<{ core: WasmCore; makeIndex: (capacityMax: number) => WasmVectorIndex }> {
  const core = new WasmCore(await compileCore(await readCoreBytes('core.wasm')))
  const work = core.allocate(core.exports.workBytes(128))
  core.exports.prepareWork(work, 128)
  return { core, makeIndex: (capacityMax) => new WasmVectorIndex(core, work, { dims: 128, capacityMax }) }
}

describe('memory of an index', () => {
  it('is used again by the next one after clear', async () => {
    const { core, makeIndex } = await createCore()
    const use = (): void => {
      const index = makeIndex(10_000)
      for (let id = 0; id < 600; id += 1) index.add(id, unitVector(id % 7, 128))
      index.clear()
    }
    use()
    const bytes = core.memory.buffer.byteLength
    for (let round = 0; round < 100; round += 1) use()
    expect(core.memory.buffer.byteLength).toBe(bytes)
  })

  it('shrinks by whole segments as rows are removed, one spare kept', async () => {
    const { makeIndex } = await createCore()
    const index = makeIndex(2_000)
    for (let id = 0; id < 1_024; id += 1) index.add(id, unitVector(id % 7, 128))
    const segment = index.memoryBytes / 4
    for (let id = 0; id < 768; id += 1) index.remove(id)
    expect([index.size, index.memoryBytes]).toEqual([256, 2 * segment])
    index.clear()
    expect([index.size, index.memoryBytes]).toEqual([0, 0])
  })
})

describe('a kernel in a fixed region', () => {
  it('says so when another segment does not fit, and keeps what it has', async () => {
    const module = await compileCore(await readCoreBytes('core.shared.wasm'))
    const core = new WasmCore(module, { memory: createSharedMemory(10), from: 0, to: 10 * 65_536 })
    const work = core.allocate(core.exports.workBytes(128))
    core.exports.prepareWork(work, 128)
    const index = new WasmVectorIndex(core, work, { dims: 128, capacityMax: 10_000 })
    expect(() => {
      for (let id = 0; id < 10_000; id += 1) index.add(id, unitVector(id, 128))
    }).toThrow(RangeError)
    expect(index.size % 256).toBe(0)
    expect(index.search(unitVector(3, 128), 1)[0]?.id).toBe(3)
  })
})

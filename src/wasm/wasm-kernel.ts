import { DEFAULT_HASH_RECIPE } from '../core/kernels/hash-recipe.ts'
import { EXPECTATION_FIELDS, checkRouteBatch } from '../core/kernels/route-expectation.ts'
import type { RouteBatch } from '../core/kernels/route-expectation.ts'
import { paddedDims } from '../core/kernels/rotate.ts'
import type { PolicyKernel } from '../ports/policy-kernel.ts'
import type { VectorIndexInit } from '../ports/vector-index.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'
import { checkHasherDims, checkIndexInit } from './check-vector.ts'
import { padForDot } from './pad-for-dot.ts'
import { WasmCore } from './wasm-core.ts'
import { WasmLinearScorer } from './wasm-linear-scorer.ts'
import { WasmLinearTrainer } from './wasm-linear-trainer.ts'
import { WasmTextHasher } from './wasm-text-hasher.ts'
import { WasmVectorIndex } from './wasm-vector-index.ts'
import { webAssembly } from './web-assembly.ts'
import type { WasmModule } from './web-assembly.ts'

/** The WebAssembly kernels, and an index whose search plan can be chosen. */
export type WasmKernel = Omit<VectorKernel, 'createVectorIndex'> &
  PolicyKernel & { createVectorIndex(init: VectorIndexInit): WasmVectorIndex }

/** Compiles the bytes of core.wasm. One module serves any number of kernels and may be posted to worker threads. */
export function compileCore(bytes: Uint8Array): Promise<WasmModule> {
  return webAssembly.compile(bytes)
}

/** A kernel with a memory of its own, on a compiled core.wasm. */
export function createWasmKernel(module: WasmModule): WasmKernel {
  const core = new WasmCore(module)
  const works = new Map<number, number>()
  const workFor = (stride: number): number => {
    const known = works.get(stride)
    if (known !== undefined) return known
    const work = core.allocate(core.exports.workBytes(stride))
    core.exports.prepareWork(work, stride)
    works.set(stride, work)
    return work
  }
  return {
    implementation: 'wasm',
    createTextHasher(init): WasmTextHasher {
      checkHasherDims(init.dims)
      return new WasmTextHasher(core, { dims: init.dims, recipe: init.recipe ?? DEFAULT_HASH_RECIPE })
    },
    createVectorIndex(init): WasmVectorIndex {
      checkIndexInit(init)
      return new WasmVectorIndex(core, workFor(paddedDims(init.dims)), init)
    },
    dot: (a, b) => dot(core, padForDot(a, b.length), padForDot(b, a.length)),
    loadModel: (model) => new WasmLinearScorer(core, model),
    createTrainer: (shape) => new WasmLinearTrainer(core, shape),
    expectRoutes: (routes) => expectRoutes(core, routes),
  }
}

function dot(core: WasmCore, a: Float32Array, b: Float32Array): number {
  const address = core.scratch(a.length * 8)
  const both = core.float32(address, a.length * 2)
  both.set(a)
  both.set(b, a.length)
  const product = core.exports.dotFloat32At(address, address + a.length * 4, a.length)
  return product
}

function expectRoutes(core: WasmCore, routes: RouteBatch): Float64Array {
  checkRouteBatch(routes)
  const { stages, offsets } = routes
  const routeCount = offsets.length - 1
  const size = (stages.length + routeCount * EXPECTATION_FIELDS) * 8 + offsets.length * 4
  const address = core.scratch(size)
  const outAt = address + stages.length * 8
  const offsetsAt = outAt + routeCount * EXPECTATION_FIELDS * 8
  core.float64(address, stages.length).set(stages)
  core.uint32(offsetsAt, offsets.length).set(offsets)
  core.exports.expectRoutes(address, offsetsAt, routeCount, outAt)
  const out = core.float64(outAt, routeCount * EXPECTATION_FIELDS).slice()
  return out
}

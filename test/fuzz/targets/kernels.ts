import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import type { VectorKernel } from '../../../src/ports/vector-kernel.ts'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'

const DIMS_MAX = 4_200

/** What reaches the memory of WebAssembly: texts of any kind, lengths and numbers out of range. The plain implementation must say the same. */
export const KERNEL_TARGETS: readonly LazyTarget[] = [
  { name: 'wasm/wasm-kernel:createTextHasher', load: loadHasher },
  { name: 'wasm/wasm-kernel:createVectorIndex', load: loadIndex },
]

async function loadHasher(): Promise<Target> {
  const kernels = [await loadWasmKernel(), createTypeScriptKernel()] as const
  const hashers = kernels.map((kernel) => kernel.createTextHasher({ dims: 64 }))
  const said = (place: number, text: string): string => {
    const { indices, values } = hashers[place]?.features(text, 1 + (text.length % 24)) ?? { indices: [], values: [] }
    return JSON.stringify([[...(hashers[place]?.embed(text) ?? [])], [...indices], [...values]])
  }
  return {
    name: 'wasm/wasm-kernel:createTextHasher',
    kind: 'text',
    samples: ['hello world', '', 'ä😀\ud800 x', 'a'.repeat(5_000)].map((input) => ({ input, rest: [] })),
    read: (input) => said(0, String(input)),
    recheck: (result, input) => (said(1, String(input)) === result ? undefined : 'the two implementations differ'),
  }
}

async function loadIndex(): Promise<Target> {
  const kernels = [await loadWasmKernel(), createTypeScriptKernel()] as const
  const wide = {
    dims: 4,
    capacityMax: 10,
    acts: [
      { add: 1, vector: [1, 0, 0, 0] },
      { add: 2, vector: [0.6, 0.8, 0, 0] },
      { search: [1, 0, 0, 0], k: 2 },
      { remove: 1 },
    ],
  }
  return {
    name: 'wasm/wasm-kernel:createVectorIndex',
    kind: 'json',
    samples: [
      wide,
      {
        dims: 1,
        capacityMax: 1,
        acts: [
          { add: 0, vector: [1] },
          { search: [-1], k: 256 },
        ],
      },
      { dims: 4_096, capacityMax: 5, acts: [] },
    ].map((input) => ({ input, rest: [] })),
    read: (input) => playIndex(kernels[0], input),
    recheck: (result, input) => {
      const other = playIndex(kernels[1], input)
      return other === result ? undefined : `the two implementations differ: ${String(result)} and ${other}`
    },
  }
}

/** What an index says to acts that are out of range as often as not. */
function playIndex(kernel: VectorKernel, input: unknown): string {
  const said: unknown[] = []
  const attempt = (act: () => unknown): void => {
    try {
      said.push(act())
    } catch (error: unknown) {
      if (!(error instanceof RangeError)) throw error
      said.push('RangeError')
    }
  }
  const { dims, capacityMax, acts } = members(input)
  attempt(() => {
    const index = kernel.createVectorIndex({ dims: numberOf(dims), capacityMax: numberOf(capacityMax) })
    for (const act of Array.isArray(acts) ? (acts as readonly unknown[]).slice(0, 20) : []) {
      const { add, vector, search, k, remove } = members(act)
      if (add !== undefined) attempt(() => index.add(numberOf(add), vectorOf(vector)))
      if (search !== undefined) attempt(() => index.search(vectorOf(search), numberOf(k)))
      if (remove !== undefined) attempt(() => index.remove(numberOf(remove)))
    }
    index.clear()
    return index.size
  })
  return JSON.stringify(said)
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

function vectorOf(value: unknown): Float32Array {
  return Float32Array.from(Array.isArray(value) ? (value as readonly unknown[]).slice(0, DIMS_MAX).map(numberOf) : [])
}

import { CACHE_EMBEDDING_DIMS } from '../../../src/core/cache/cache-hash-recipe.ts'
import { WasmCore } from '../../../src/wasm/wasm-core.ts'
import { compileCore } from '../../../src/wasm/wasm-kernel.ts'
import { readCoreBytes } from '../../../src/wasm/node-load.ts'
import { type BenchOptions, type BenchReport, type BenchRow, type SkippedPeer, median, roundFigure } from '../bench.ts'
import { type NativeKernels, type Scan, type ScanResult, startNativeKernels } from './native-kernels.ts'

const HITS = 10
const NATIVE_FLAGS = { 'gcc -mavx2': ['-mavx2', '-mfma'], 'gcc -march=native': ['-march=native'] } as const
type NativeName = keyof typeof NATIVE_FLAGS

/** How much slower than gcc -O3 -mavx2 -mfma a kernel may be: 128-bit vectors without fused multiply-add have to stay close. */
const LIMIT_FACTORS = { f32: 1.2, int8: 1.6 } as const

/**
 * Top-10 scans over a flat matrix: WebAssembly, the plain JavaScript loop that one would write first, and C with intrinsics. All
 * three hold the same numbers and have to find the same row.
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const rowCount = options.isQuick ? 2_000 : 100_000
  const skipped: SkippedPeer[] = []
  const native = await startAll(skipped)
  const rows: BenchRow[] = []
  try {
    for (const dims of [CACHE_EMBEDDING_DIMS, 256, 384]) {
      for (const kind of ['f32', 'int8'] as const) {
        options.log(`${kind} scan, ${rowCount} x ${dims}`)
        rows.push(await measure({ kind, rows: rowCount, dims, repeats: 5 }, native, options.isQuick ? 1 : 7))
      }
    }
  } finally {
    for (const kernels of native.values()) await kernels.stop()
  }
  return { rows, skipped }
}

type AllNative = ReadonlyMap<NativeName, NativeKernels>

async function startAll(skipped: SkippedPeer[]): Promise<AllNative> {
  const kernels = new Map<NativeName, NativeKernels>()
  for (const name of ['gcc -mavx2', 'gcc -march=native'] as const) {
    try {
      kernels.set(name, await startNativeKernels(NATIVE_FLAGS[name]))
    } catch (error: unknown) {
      skipped.push({
        peer: name,
        why: `apt-get install gcc, on a processor with AVX2 (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
      })
    }
  }
  return kernels
}

async function measure(scan: Scan, native: AllNative, rounds: number): Promise<BenchRow> {
  const vectors = generateMatrix(scan.rows * scan.dims)
  const ours = await createWasmScan(scan, vectors)
  const plain = createJavaScriptScan(scan, vectors)
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    const results: [string, ScanResult][] = [
      ['wasm', ours()],
      ['javascript', plain()],
    ]
    for (const [name, kernel] of native) results.push([name, await kernel.scan(scan)])
    for (const [name, result] of results) {
      checkSame(name, result, results[0]?.[1])
      times.set(name, [...(times.get(name) ?? []), result.nanoseconds / scan.rows])
    }
  }
  const figure = (name: string): number => median(times.get(name) ?? [])
  const peers = Object.fromEntries(
    [...times.keys()].filter((name) => name !== 'wasm').map((name) => [name, roundFigure(figure(name))]),
  )
  const hasLimit = native.has('gcc -mavx2')
  return {
    case: `${scan.kind} top-${HITS}, ${scan.rows} x ${scan.dims}`,
    unit: 'ns/row',
    better: 'lower',
    ours: roundFigure(figure('wasm')),
    peers,
    limit: hasLimit ? roundFigure(figure('gcc -mavx2') * LIMIT_FACTORS[scan.kind]) : null,
    note: hasLimit
      ? `limit: ${LIMIT_FACTORS[scan.kind]} x gcc -O3 -mavx2 -mfma of this run; now ${(figure('wasm') / figure('gcc -mavx2')).toFixed(2)} x`
      : '',
  }
}

/** f32 sums differ in their last digits by the order of addition; the best row is far ahead of the next. */
function checkSame(name: string, result: ScanResult, first: ScanResult | undefined): void {
  if (first === undefined) return
  const isClose = Math.abs(result.bestScore - first.bestScore) <= 1e-4 * Math.abs(first.bestScore)
  if (result.bestRow !== first.bestRow || !isClose) {
    throw new Error(
      `${name} found row ${result.bestRow} (${result.bestScore}), WebAssembly row ${first.bestRow} (${first.bestScore})`,
    )
  }
}

/** The numbers that kernels.c generates. */
function generateMatrix(length: number): Float32Array {
  const numbers = new Float32Array(length)
  let state = 1
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    numbers[i] = Math.fround(state) / 2147483648
  }
  return numbers
}

function toCodes(vectors: Float32Array): Int8Array {
  return Int8Array.from(vectors, (x) => Math.trunc(Math.fround(x * 127)))
}

function fastest(repeats: number, run: () => Omit<ScanResult, 'nanoseconds'>): ScanResult {
  let best: ScanResult = { nanoseconds: Infinity, bestRow: -1, bestScore: 0 }
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const start = performance.now()
    const found = run()
    const nanoseconds = (performance.now() - start) * 1e6
    if (nanoseconds < best.nanoseconds) best = { ...found, nanoseconds }
  }
  return best
}

async function createWasmScan(scan: Scan, vectors: Float32Array): Promise<() => ScanResult> {
  const { rows, dims, repeats, kind } = scan
  const core = new WasmCore(await compileCore(await readCoreBytes('core.wasm')))
  const kernels = core.exports
  const scores = core.allocate(HITS * 4)
  const slots = core.allocate(HITS * 4)
  const wide = core.allocate(dims * 2)
  const scales = core.allocate(rows * 4)
  const matrix = core.allocate(rows * dims * (kind === 'f32' ? 4 : 1))
  if (kind === 'f32') {
    core.float32(matrix, vectors.length).set(vectors)
  } else {
    new Int8Array(core.memory.buffer, matrix, vectors.length).set(toCodes(vectors))
    core.float32(scales, rows).fill(1 / 127)
    kernels.widenCodes(matrix, wide, dims)
  }
  return () =>
    fastest(repeats, () => {
      if (kind === 'f32') kernels.topKFloat32(matrix, matrix, rows, dims, HITS, scores, slots)
      else kernels.topKInt8(wide, matrix, scales, rows, dims, HITS, scores, slots)
      return { bestRow: core.int32(slots, 1)[0] ?? -1, bestScore: core.float32(scores, 1)[0] ?? 0 }
    })
}

/** The loop that one would write first; it keeps the best row only, which spares it the top-10. */
function createJavaScriptScan(scan: Scan, vectors: Float32Array): () => ScanResult {
  const { rows, dims, kind } = scan
  const matrix = kind === 'f32' ? vectors : toCodes(vectors)
  const scale = kind === 'f32' ? 1 : 1 / 127
  const query = matrix.slice(0, dims)
  const run = createLoop()
  return () => fastest(1, () => run(query, matrix, { rows, dims, scale }))
}

type Loop = (
  query: ArrayLike<number>,
  matrix: ArrayLike<number>,
  shape: { rows: number; dims: number; scale: number },
) => Omit<ScanResult, 'nanoseconds'>

/** A fresh closure per kind of array keeps the loop monomorphic. */
function createLoop(): Loop {
  return (query, matrix, { rows, dims, scale }) => {
    let bestRow = -1
    let bestScore = -Infinity
    for (let row = 0; row < rows; row += 1) {
      let sum = 0
      for (let i = 0; i < dims; i += 1) sum += (query[i] ?? 0) * (matrix[row * dims + i] ?? 0)
      if (sum * scale > bestScore) {
        bestScore = sum * scale
        bestRow = row
      }
    }
    return { bestRow, bestScore }
  }
}

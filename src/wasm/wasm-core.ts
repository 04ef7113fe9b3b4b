import { PAGE_BYTES, PAGES_MAX, webAssembly } from './web-assembly.ts'
import type { WasmMemory, WasmModule } from './web-assembly.ts'

const GROWTH_PAGES_MAX = 512

/** What core.wasm exports. Pointers and counts are 32-bit integers; signatures follow core-wasm/assembly. */
export type CoreExports = {
  heapBase(): number
  topKFloat32(
    query: number,
    rows: number,
    rowCount: number,
    dims: number,
    k: number,
    scores: number,
    slots: number,
  ): number
  topKInt8(
    wide: number,
    rows: number,
    scales: number,
    rowCount: number,
    dims: number,
    k: number,
    scores: number,
    slots: number,
  ): number
  dotFloat32At(a: number, b: number, dims: number): number
  quantiseInt8(vector: number, codes: number, dims: number): number
  widenCodes(codes: number, wide: number, dims: number): void
  segmentBytes(dims: number): number
  workBytes(dims: number): number
  prepareWork(work: number, dims: number): void
  writeRow(table: number, slot: number, dims: number, work: number): void
  moveRow(table: number, from: number, to: number, dims: number): void
  searchRows(
    table: number,
    rowCount: number,
    dims: number,
    work: number,
    k: number,
    mode: number,
    candidates: number,
    rescored: number,
  ): number
  hitScores(work: number, dims: number): number
  hitSlots(work: number, dims: number): number
  hasherBytes(gramBits: number): number
  hasherTextAt(): number
  hasherGramWeightsAt(): number
  collectGrams(hasher: number, size: number): number
  gramTableSize(count: number): number
  embedGrams(hasher: number, sums: number, out: number, dims: number): void
  mergeGrams(hasher: number, table: number, indices: number, values: number, bits: number): number
  scoreBatch(model: number, batch: number, kind: number): void
  softmax(values: number, count: number): void
  updateLogistic(
    model: number,
    batch: number,
    row: number,
    modelIndex: number,
    label: number,
    rate: number,
    decay: number,
  ): number
  updateSoftmax(model: number, batch: number, row: number, label: number, rate: number, decay: number): void
  trainRows(plan: number, rows: number, targets: number, weights: number, count: number): number
  scoreRows(plan: number, rows: number, count: number, out: number): void
  settleWeights(plan: number): void
  expectRoutes(stages: number, offsets: number, routes: number, out: number): void
  exp(x: number): number
}

/**
 * A part of a shared memory that one thread lays out by itself; plain data that can be posted to it together with the compiled
 * core.shared.wasm. Kernels keep no state, so any thread may read what another wrote, as long as the two agree when.
 */
export type WasmRegion = { readonly memory: WasmMemory; readonly from: number; readonly to: number }

/** A memory of fixed size that threads can share, for `core.shared.wasm`. */
export function createSharedMemory(pages: number): WasmMemory {
  return new webAssembly.Memory({ initial: pages, maximum: PAGES_MAX, shared: true })
}

/**
 * An instance of core.wasm with its memory and a simple allocator over it: blocks are taken from the end and, once released,
 * handed out again to requests of the same size. Views of the memory are made when they are needed, since growing detaches them.
 */
export class WasmCore {
  readonly exports: CoreExports
  readonly memory: WasmMemory
  private end: number
  private readonly limit: number
  private readonly free = new Map<number, number[]>()
  private bytes: Uint8Array
  private spare = { address: 0, size: 0 }

  /** Without a region the instance has a memory of its own that grows to 4 GiB; a region never grows. */
  constructor(module: WasmModule, region?: WasmRegion) {
    this.memory = region?.memory ?? new webAssembly.Memory({ initial: 1, maximum: PAGES_MAX })
    this.exports = new webAssembly.Instance(module, { env: { memory: this.memory } }).exports as CoreExports
    this.end = roundUp(Math.max(region?.from ?? 0, this.exports.heapBase()))
    this.limit = region?.to ?? PAGES_MAX * PAGE_BYTES
    this.bytes = new Uint8Array(this.memory.buffer)
  }

  /** Address of `size` bytes, a multiple of 16, with any content. Throws RangeError when the region or 4 GiB do not suffice, or the host refuses. */
  allocate(size: number): number {
    const rounded = roundUp(size)
    const reused = this.free.get(rounded)?.pop()
    if (reused !== undefined) return reused
    const address = this.end
    if (address + rounded > this.limit) throw new RangeError(`The kernels have no room for another ${size} bytes`)
    const missing = address + rounded - this.memory.buffer.byteLength
    if (missing > 0) this.grow(Math.ceil(missing / PAGE_BYTES))
    this.end = address + rounded
    return address
  }

  /** `size` as it was asked for. */
  release(address: number, size: number): void {
    const rounded = roundUp(size)
    const list = this.free.get(rounded)
    if (list === undefined) this.free.set(rounded, [address])
    else list.push(address)
  }

  /** Address of at least `size` bytes that hold until the next call of `scratch`: for the input and output of one kernel call. */
  scratch(size: number): number {
    if (this.spare.size < size) {
      if (this.spare.size > 0) this.release(this.spare.address, this.spare.size)
      const rounded = 2 ** Math.ceil(Math.log2(size))
      this.spare = { address: this.allocate(rounded), size: rounded }
    }
    return this.spare.address
  }

  /** The whole memory as it is now; do not keep it over an `allocate`. */
  get u8(): Uint8Array {
    if (this.bytes.byteLength !== this.memory.buffer.byteLength) this.bytes = new Uint8Array(this.memory.buffer)
    return this.bytes
  }

  float32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length)
  }

  float64(address: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, length)
  }

  int32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length)
  }

  uint32(address: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, length)
  }

  /**
   * Doubles the memory, by 32 MiB at most: each growth makes a new buffer object, and the host's garbage collector answers many
   * of those with full collections. Pages that nothing was written to cost address space only.
   */
  private grow(pages: number): void {
    const have = this.memory.buffer.byteLength / PAGE_BYTES
    this.memory.grow(Math.min(PAGES_MAX - have, Math.max(pages, Math.min(have, GROWTH_PAGES_MAX))))
    this.bytes = new Uint8Array(this.memory.buffer)
  }
}

function roundUp(size: number): number {
  return Math.ceil(size / 16) * 16
}

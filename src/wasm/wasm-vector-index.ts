import { SEGMENT_ROWS, planSearch } from '../core/kernels/vector-rows.ts'
import type { SearchPlan } from '../core/kernels/vector-rows.ts'
import { createSlotTable, releaseSlot, slotFor } from '../core/kernels/slot-table.ts'
import type { SlotTable } from '../core/kernels/slot-table.ts'
import { paddedDims } from '../core/kernels/rotate.ts'
import type { VectorHit, VectorIndex, VectorIndexInit } from '../ports/vector-index.ts'
import { checkIndexInit, checkQuery, checkStoredVector } from './check-vector.ts'
import type { WasmCore } from './wasm-core.ts'

const MODES = { exact: 0, codes: 1, sketch: 2 } as const

/** The index over rows in WebAssembly memory. Growth adds a segment of 256 rows; nothing is ever copied over. */
export class WasmVectorIndex implements VectorIndex {
  readonly dims: number
  readonly capacityMax: number
  private readonly core: WasmCore
  private readonly stride: number
  private readonly segmentBytes: number
  private readonly tableBytes: number
  /** Address of the table of segments; 0 while there are none. */
  private table = 0
  private readonly work: number
  private readonly segments: number[] = []
  private slots: SlotTable = createSlotTable()

  /** `work` is a prepared work area for `paddedDims(dims)`; indexes of the same kernel share it. */
  constructor(core: WasmCore, work: number, init: VectorIndexInit) {
    checkIndexInit(init)
    this.core = core
    this.work = work
    this.dims = init.dims
    this.capacityMax = init.capacityMax
    this.stride = paddedDims(init.dims)
    this.segmentBytes = core.exports.segmentBytes(this.stride)
    this.tableBytes = Math.ceil(init.capacityMax / SEGMENT_ROWS) * 4
  }

  get size(): number {
    return this.slots.ids.length
  }

  get memoryBytes(): number {
    return this.segments.length * this.segmentBytes
  }

  add(id: number, vector: Float32Array): boolean {
    checkStoredVector(id, vector, this.dims)
    if (this.size === this.capacityMax && !this.slots.slots.has(id)) return false
    if (this.size === this.segments.length * SEGMENT_ROWS) this.addSegment()
    this.placeInput(vector)
    this.core.exports.writeRow(this.table, slotFor(this.slots, id), this.stride, this.work)
    return true
  }

  remove(id: number): boolean {
    const move = releaseSlot(this.slots, id)
    if (move === undefined) return false
    if (move.from !== move.to) this.core.exports.moveRow(this.table, move.from, move.to, this.stride)
    // One free segment is kept, so that an index that hovers around a multiple of 256 rows does not come and go.
    if (this.size <= (this.segments.length - 2) * SEGMENT_ROWS) this.releaseSegments(this.segments.length - 1)
    return true
  }

  search(query: Float32Array, k: number): readonly VectorHit[] {
    return this.searchWith(query, k, planSearch(this.size, k))
  }

  /** Like `search` with a plan of the caller's, for measuring what a plan costs and finds. */
  searchWith(query: Float32Array, k: number, plan: SearchPlan): readonly VectorHit[] {
    checkQuery(query, k, this.dims)
    const { core, stride, work } = this
    this.placeInput(query)
    const count = core.exports.searchRows(
      this.table,
      this.size,
      stride,
      work,
      k,
      MODES[plan.mode],
      plan.candidates,
      Math.max(k, plan.rescored),
    )
    const scores = core.float32(core.exports.hitScores(work, stride) >>> 0, count)
    const slots = core.int32(core.exports.hitSlots(work, stride) >>> 0, count)
    return Array.from(slots, (slot, at) => ({ id: this.slots.ids[slot] ?? -1, score: scores[at] ?? 0 }))
  }

  clear(): void {
    this.releaseSegments(0)
    this.slots = createSlotTable()
  }

  private placeInput(vector: Float32Array): void {
    const input = this.core.float32(this.work, this.stride)
    input.set(vector)
    if (this.stride > this.dims) input.fill(0, this.dims)
  }

  private releaseSegments(kept: number): void {
    for (const segment of this.segments.splice(kept)) this.core.release(segment, this.segmentBytes)
    if (kept > 0 || this.table === 0) return
    this.core.release(this.table, this.tableBytes)
    this.table = 0
  }

  private addSegment(): void {
    if (this.table === 0) this.table = this.core.allocate(this.tableBytes)
    const address = this.core.allocate(this.segmentBytes)
    this.core.uint32(this.table + this.segments.length * 4, 1)[0] = address
    this.segments.push(address)
  }
}

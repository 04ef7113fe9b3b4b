import {
  createVectorRows,
  moveRow,
  planSearch,
  searchRows,
  SEGMENT_ROWS,
  writeRow,
} from '../core/kernels/vector-rows.ts'
import type { SearchPlan, VectorRows } from '../core/kernels/vector-rows.ts'
import { createSlotTable, releaseSlot, slotFor } from '../core/kernels/slot-table.ts'
import type { SlotTable } from '../core/kernels/slot-table.ts'
import type { VectorHit, VectorIndex, VectorIndexInit } from '../ports/vector-index.ts'
import { checkIndexInit, checkQuery, checkStoredVector } from './check-vector.ts'

/** The index over plain typed arrays: same answers as the WebAssembly one, several times slower. */
export class TypeScriptVectorIndex implements VectorIndex {
  readonly dims: number
  readonly capacityMax: number
  private rows: VectorRows
  private slots: SlotTable = createSlotTable()

  constructor(init: VectorIndexInit) {
    checkIndexInit(init)
    this.dims = init.dims
    this.capacityMax = init.capacityMax
    this.rows = createVectorRows(init.dims)
  }

  get size(): number {
    return this.slots.ids.length
  }

  get memoryBytes(): number {
    const { stride, signCount, segments } = this.rows
    return segments.length * SEGMENT_ROWS * (stride * 5 + signCount / 8 + 6)
  }

  add(id: number, vector: Float32Array): boolean {
    checkStoredVector(id, vector, this.dims)
    if (this.size === this.capacityMax && !this.slots.slots.has(id)) return false
    writeRow(this.rows, slotFor(this.slots, id), vector)
    return true
  }

  remove(id: number): boolean {
    const move = releaseSlot(this.slots, id)
    if (move === undefined) return false
    if (move.from !== move.to) moveRow(this.rows, move.from, move.to)
    return true
  }

  search(query: Float32Array, k: number): readonly VectorHit[] {
    return this.searchWith(query, k, planSearch(this.size, k))
  }

  /** Like `search` with a plan of the caller's. */
  searchWith(query: Float32Array, k: number, plan: SearchPlan): readonly VectorHit[] {
    checkQuery(query, k, this.dims)
    const hits = searchRows(this.rows, { query, rowCount: this.size, k, plan })
    return Array.from(hits.slots.subarray(0, hits.count), (slot, at) => ({
      id: this.slots.ids[slot] ?? -1,
      score: hits.scores[at] ?? 0,
    }))
  }

  clear(): void {
    this.rows = createVectorRows(this.dims)
    this.slots = createSlotTable()
  }
}

import { dotFloat32, dotInt8 } from './similarity.ts'
import { createTopList, offer } from './top-list.ts'
import type { TopList } from './top-list.ts'

/**
 * Plain TypeScript twin of the flat f32 scan: the best `k` rows of a row-major matrix by dot product, best first, ties to the
 * lower row. `query.length` is the row length, a multiple of 16.
 */
export function topKFloat32(query: Float32Array, rows: Float32Array, k: number): TopList {
  const list = createTopList(k)
  const dims = query.length
  for (let slot = 0; (slot + 1) * dims <= rows.length; slot += 1)
    offer(list, dotFloat32(query, rows, slot * dims), slot)
  return list
}

/** The same over 8-bit codes: score = dot product of the codes times the row's scale, one per row. */
export function topKInt8(
  query: Int8Array,
  matrix: { readonly rows: Int8Array; readonly scales: Float32Array },
  k: number,
): TopList {
  const list = createTopList(k)
  const { rows, scales } = matrix
  scales.forEach((scale, slot) => {
    offer(list, Math.fround(Math.fround(dotInt8(query, rows, slot * query.length)) * scale), slot)
  })
  return list
}

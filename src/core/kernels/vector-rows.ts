import { dotFloat32, dotInt8, hammingDistance } from './similarity.ts'
import { createTopList, offer } from './top-list.ts'
import type { TopList } from './top-list.ts'
import { paddedDims, rotate, rotationSigns, signBits, sketchDims } from './rotate.ts'
import { quantiseInt8 } from './quantise.ts'

/**
 * Rows live in segments of this many, so that growth never copies and never needs one large block.
 *
 * ```
 * segment   bits        rows x signs/8 bytes  signs of the rotated row      Hamming prefilter
 *           codes       rows x dims bytes     8-bit codes of the row        re-rank and middle-sized scans
 *           scales      rows x 4              scale of the codes
 *           vectors     rows x dims x 4       the row itself                exact scores
 *           distances   rows x 2              scratch of one search
 * ```
 */
export const SEGMENT_ROWS = 256

/** Most candidates that a search re-ranks, and most hits it returns. */
export const CANDIDATES_MAX = 32_768
export const HITS_MAX = 1024

/** How a search trades time for recall; see `planSearch` for the defaults. */
export type SearchPlan = {
  /** `exact` reads every vector, `codes` every 8-bit code, `sketch` every sign row and then the codes of the nearest. */
  readonly mode: 'exact' | 'codes' | 'sketch'
  /** `sketch` only: rows whose codes are compared, nearest by Hamming distance first, ties by slot. */
  readonly candidates: number
  /** Rows that get an exact score after the codes; at least k. */
  readonly rescored: number
}

/** Up to this many rows every vector is read: the answer is exact. */
export const EXACT_ROWS_MAX = 2048

/** Up to this many rows every code is read; above, scanning sign rows is faster. */
export const CODES_ROWS_MAX = 6_144

/** Sketches whose codes are compared: at least this many, and one for so many rows. */
export const CANDIDATES_MIN = 512
export const ROWS_PER_CANDIDATE = 48

/**
 * Defaults: on 100,000 real texts in 128 or 256 dimensions the exact nearest is among the 2,048 nearest sketches for 99.8 to
 * 99.9 % of queries and among the 4 best codes for all of them. On 20,000 texts 512 sketches hold the nearest for 99.9 % and every
 * neighbour of cosine 0.75 and more.
 */
export function planSearch(rowCount: number, k: number): SearchPlan {
  const rescored = Math.min(HITS_MAX, 2 * k + 14)
  if (rowCount <= EXACT_ROWS_MAX) return { mode: 'exact', candidates: 0, rescored }
  if (rowCount <= CODES_ROWS_MAX) return { mode: 'codes', candidates: 0, rescored }
  return {
    mode: 'sketch',
    candidates: Math.min(CANDIDATES_MAX, Math.max(CANDIDATES_MIN, Math.ceil(rowCount / ROWS_PER_CANDIDATE), 8 * k)),
    rescored,
  }
}

type Segment = {
  readonly bits: Uint32Array
  readonly codes: Int8Array
  readonly scales: Float32Array
  readonly vectors: Float32Array
  readonly distances: Uint16Array
}

/** Plain TypeScript twin of the row store and its search kernels. */
export type VectorRows = {
  /** Dimensions of a stored row: the caller's, padded with zeros. */
  readonly stride: number
  /** Sign bits of a row. */
  readonly signCount: number
  readonly segments: Segment[]
  readonly signs: Float32Array
  readonly rotated: Float32Array
  readonly spare: Float32Array
  readonly histogram: Int32Array
}

export function createVectorRows(dims: number): VectorRows {
  const stride = paddedDims(dims)
  const signCount = sketchDims(stride)
  return {
    stride,
    signCount,
    segments: [],
    signs: rotationSigns(signCount),
    rotated: new Float32Array(signCount),
    spare: new Float32Array(signCount),
    histogram: new Int32Array(signCount + 1),
  }
}

/** Writes `vector` (at most `stride` long) as row `slot`, making its segment when needed. */
export function writeRow(rows: VectorRows, slot: number, vector: Float32Array): void {
  const { stride } = rows
  const segment = segmentOf(rows, slot)
  const row = slot % SEGMENT_ROWS
  const own = segment.vectors.subarray(row * stride, (row + 1) * stride)
  own.fill(0)
  own.set(vector)
  segment.scales[row] = quantiseInt8(own, segment.codes, row * stride)
  sketchInto(rows, own, segment.bits.subarray((row * rows.signCount) / 32))
}

/** Sign bits of the rotated vector (`stride` long) to the first words of `bits`. */
function sketchInto(rows: VectorRows, vector: Float32Array, bits: Uint32Array): void {
  const { rotated } = rows
  rotated.fill(0)
  rotated.set(vector)
  rotate(rotated, rows.signs, rows.spare)
  signBits(rotated, bits)
}

/** Copies row `from` over row `to`. */
export function moveRow(rows: VectorRows, from: number, to: number): void {
  const { stride } = rows
  const source = segmentOf(rows, from)
  const target = segmentOf(rows, to)
  const at = from % SEGMENT_ROWS
  const row = to % SEGMENT_ROWS
  const words = rows.signCount / 32
  target.bits.set(source.bits.subarray(at * words, (at + 1) * words), row * words)
  target.codes.set(source.codes.subarray(at * stride, (at + 1) * stride), row * stride)
  target.vectors.set(source.vectors.subarray(at * stride, (at + 1) * stride), row * stride)
  target.scales[row] = source.scales[at] ?? 0
}

function segmentOf(rows: VectorRows, slot: number): Segment {
  const at = Math.floor(slot / SEGMENT_ROWS)
  const known = rows.segments[at]
  if (known !== undefined) return known
  const { stride } = rows
  const made = {
    bits: new Uint32Array((SEGMENT_ROWS * rows.signCount) / 32),
    codes: new Int8Array(SEGMENT_ROWS * stride),
    scales: new Float32Array(SEGMENT_ROWS),
    vectors: new Float32Array(SEGMENT_ROWS * stride),
    distances: new Uint16Array(SEGMENT_ROWS),
  }
  rows.segments[at] = made
  return made
}

export type RowSearch = {
  readonly query: Float32Array
  /** Rows 0 .. rowCount - 1 are searched. */
  readonly rowCount: number
  readonly k: number
  readonly plan: SearchPlan
}

/** The best rows by dot product with the query, best first, ties to the lower slot. Scores are exact 32-bit dot products. */
export function searchRows(rows: VectorRows, search: RowSearch): TopList {
  const { plan, rowCount, k } = search
  const query = new Float32Array(rows.stride)
  query.set(search.query)
  const hits = createTopList(k)
  if (plan.mode === 'exact') {
    for (let slot = 0; slot < rowCount; slot += 1) offer(hits, exactScore(rows, query, slot), slot)
    return hits
  }
  const codes = new Int8Array(rows.stride)
  quantiseInt8(query, codes, 0)
  const near = createTopList(Math.max(k, plan.rescored))
  if (plan.mode === 'codes') {
    for (let slot = 0; slot < rowCount; slot += 1) offer(near, codeScore(rows, codes, slot), slot)
  } else {
    for (const slot of nearestSketches(rows, query, search)) offer(near, codeScore(rows, codes, slot), slot)
  }
  const slots = near.slots.subarray(0, near.count).sort()
  for (const slot of slots) offer(hits, exactScore(rows, query, slot), slot)
  return hits
}

function exactScore(rows: VectorRows, query: Float32Array, slot: number): number {
  return dotFloat32(query, segmentOf(rows, slot).vectors, (slot % SEGMENT_ROWS) * rows.stride)
}

/** The query's own scale is a positive constant and is left out. */
function codeScore(rows: VectorRows, codes: Int8Array, slot: number): number {
  const segment = segmentOf(rows, slot)
  const row = slot % SEGMENT_ROWS
  return Math.fround(Math.fround(dotInt8(codes, segment.codes, row * rows.stride)) * (segment.scales[row] ?? 0))
}

/** Slots of the nearest sign rows in rising order: all below the cut-off distance, and the first ones at it. */
function nearestSketches(rows: VectorRows, query: Float32Array, search: RowSearch): Int32Array {
  const { signCount, histogram } = rows
  const bits = new Uint32Array(signCount / 32)
  sketchInto(rows, query, bits)
  histogram.fill(0)
  for (let slot = 0; slot < search.rowCount; slot += 1) {
    const segment = segmentOf(rows, slot)
    const row = slot % SEGMENT_ROWS
    const distance = hammingDistance(bits, segment.bits, (row * signCount) / 32)
    segment.distances[row] = distance
    histogram[distance] = (histogram[distance] ?? 0) + 1
  }
  const wanted = Math.min(search.plan.candidates, search.rowCount)
  let cutOff = 0
  let below = 0
  while (below + (histogram[cutOff] ?? 0) < wanted) {
    below += histogram[cutOff] ?? 0
    cutOff += 1
  }
  let atCutOff = wanted - below
  const found = new Int32Array(wanted)
  let count = 0
  for (let slot = 0; slot < search.rowCount; slot += 1) {
    const distance = segmentOf(rows, slot).distances[slot % SEGMENT_ROWS] ?? 0
    if (distance > cutOff) continue
    if (distance === cutOff) {
      if (atCutOff === 0) continue
      atCutOff -= 1
    }
    found[count] = slot
    count += 1
  }
  return found
}

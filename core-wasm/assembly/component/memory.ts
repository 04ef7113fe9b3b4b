// Memory of the component. Lists that cross the border live on the runtime's heap; the component's own blocks come straight
// from `memory.grow`, because its refusal can be answered with an error where the heap would trap.

/** Where results that do not fit in one value are written. */
export const RETURN_AREA: usize = memory.data(64, 16)

/** Heads of the free lists, one per size class: 8 classes per doubling waste at most an eighth. */
const FREE_LISTS: usize = memory.data(32 * 8 * 4, 16)
const GROWTH_BYTES: usize = 1 << 20

let bumpAt: usize = 0
let bumpEnd: usize = 0

export function cabi_realloc(block: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) return align
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(block, size)
}

/** Frees a list that came in as an argument. */
export function freeList(data: usize, length: i32): void {
  if (length > 0) heap.free(data)
}

/** Smallest size of the class that `size` falls in: its upper bits, rounded up to four significant ones. */
function classSize(size: usize): usize {
  const step = <usize>max(4, 28 - clz<i32>(<i32>size | 128))
  return ((size + ((<usize>1) << step) - 1) >> step) << step
}

function freeListOf(size: usize): usize {
  const top = 31 - clz<i32>(<i32>size | 128)
  return FREE_LISTS + ((<usize>(top * 8) + ((size >> <usize>(top - 3)) & 7)) << 2)
}

/** A block of at least `size` bytes (below 2^30), 16-aligned, any content; 0 when the host gives no more memory. */
export function allocate(size: usize): usize {
  const rounded = classSize(size)
  const list = freeListOf(rounded)
  const head = <usize>load<u32>(list)
  if (head != 0) {
    store<u32>(list, load<u32>(head))
    return head
  }
  if (bumpEnd - bumpAt < rounded) {
    // The heap takes all memory that exists when it is first used; that must be before these pages exist.
    if (bumpEnd == 0) heap.free(heap.alloc(16))
    const wanted = max(rounded, GROWTH_BYTES)
    const pages = <i32>((wanted + 0xffff) >> 16)
    const before = memory.grow(pages)
    if (before < 0) return 0
    const start = (<usize>before) << 16
    if (start != bumpEnd) bumpAt = start
    bumpEnd = start + ((<usize>pages) << 16)
  }
  const block = bumpAt
  bumpAt += rounded
  return block
}

/** Gives a block back; `size` as it was asked for. */
export function release(block: usize, size: usize): void {
  const list = freeListOf(classSize(size))
  store<u32>(block, load<u32>(list))
  store<u32>(list, <u32>block)
}

/** Whether a list of 64-bit or 32-bit floats holds finite numbers only. */
export function areFinite64(data: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    if (!isFinite(load<f64>(data + ((<usize>i) << 3)))) return false
  }
  return true
}

export function areFinite32(data: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    if (!isFinite(load<f32>(data + ((<usize>i) << 2)))) return false
  }
  return true
}

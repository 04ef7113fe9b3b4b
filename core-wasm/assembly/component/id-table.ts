import { allocate, release } from './memory'

// Which id sits in which slot: open addressing with linear steps, at most half full, deletion by shifting back.
//
//   table block (u32 each)   0 cells   4 mask   8 ids by slot   12 room for ids
//   cell: slot + 1, 0 = free; the id is looked up by slot

const BLOCK_BYTES: usize = 16
const GOLDEN: u32 = 0x9e3779b1

/** A table with room for `room` ids, a power of two; 0 when there is no memory. */
export function createIdTable(room: i32): usize {
  const block = allocate(BLOCK_BYTES)
  if (block == 0) return 0
  store<u32>(block, 0)
  store<u32>(block, 0, 8)
  store<i32>(block, 0, 12)
  return growIdTable(block, room) ? block : 0
}

export function releaseIdTable(block: usize): void {
  const room = load<i32>(block, 12)
  release(<usize>load<u32>(block), (<usize>room) << 3)
  release(<usize>load<u32>(block, 8), (<usize>room) << 2)
  release(block, BLOCK_BYTES)
}

/** Moves to arrays for `room` ids; false and unchanged when there is no memory. */
function growIdTable(block: usize, room: i32): bool {
  const cells = allocate((<usize>room) << 3)
  if (cells == 0) return false
  const ids = allocate((<usize>room) << 2)
  if (ids == 0) {
    release(cells, (<usize>room) << 3)
    return false
  }
  const before = load<i32>(block, 12)
  memory.fill(cells, 0, (<usize>room) << 3)
  if (before > 0) {
    memory.copy(ids, <usize>load<u32>(block, 8), (<usize>before) << 2)
    release(<usize>load<u32>(block), (<usize>before) << 3)
    release(<usize>load<u32>(block, 8), (<usize>before) << 2)
  }
  store<u32>(block, <u32>cells)
  store<u32>(block, <u32>(room * 2 - 1), 4)
  store<u32>(block, <u32>ids, 8)
  store<i32>(block, room, 12)
  for (let slot = 0; slot < before; slot++) placeSlot(block, idAt(block, slot), slot)
  return true
}

/** Makes sure that slot `size` has room; false when there is no memory. */
export function reserveSlot(block: usize, size: i32): bool {
  const room = load<i32>(block, 12)
  return size < room || growIdTable(block, room * 2)
}

export function idAt(block: usize, slot: i32): u32 {
  return load<u32>(<usize>load<u32>(block, 8) + ((<usize>slot) << 2))
}

/*@inline*/
function homeOf(block: usize, id: u32): u32 {
  return ((id * GOLDEN) >> 7) & load<u32>(block, 4)
}

/*@inline*/
function cellAt(block: usize, cell: u32): usize {
  return <usize>load<u32>(block) + ((<usize>cell) << 2)
}

/** The cell that holds `id`, or the free one where it would go. */
function findCell(block: usize, id: u32): u32 {
  const mask = load<u32>(block, 4)
  let cell = homeOf(block, id)
  let slot = load<i32>(cellAt(block, cell)) - 1
  while (slot >= 0 && idAt(block, slot) != id) {
    cell = (cell + 1) & mask
    slot = load<i32>(cellAt(block, cell)) - 1
  }
  return cell
}

/** Slot of `id`, -1 when unknown. */
export function findSlot(block: usize, id: u32): i32 {
  return load<i32>(cellAt(block, findCell(block, id))) - 1
}

/** Puts `id` in `slot`, which has room; also when the id moves from another slot. */
export function placeSlot(block: usize, id: u32, slot: i32): void {
  store<i32>(cellAt(block, findCell(block, id)), slot + 1)
  store<u32>(<usize>load<u32>(block, 8) + ((<usize>slot) << 2), id)
}

/** Forgets `id`, which is known; the ids of slots stay as they are. */
export function forgetId(block: usize, id: u32): void {
  const mask = load<u32>(block, 4)
  let hole = findCell(block, id)
  let cell = hole
  for (;;) {
    cell = (cell + 1) & mask
    const slot = load<i32>(cellAt(block, cell)) - 1
    if (slot < 0) break
    const distance = (cell - homeOf(block, idAt(block, slot))) & mask
    if (distance < ((cell - hole) & mask)) continue
    store<i32>(cellAt(block, hole), slot + 1)
    hole = cell
  }
  store<i32>(cellAt(block, hole), 0)
}

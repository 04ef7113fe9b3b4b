/**
 * Which caller's id sits in which slot. Slots are always 0 .. size - 1 without holes: removing moves the last row into the hole.
 */
export type SlotTable = {
  readonly slots: Map<number, number>
  readonly ids: number[]
}

export function createSlotTable(): SlotTable {
  return { slots: new Map(), ids: [] }
}

/** Slot of `id`, appended at the end when it is new. */
export function slotFor(table: SlotTable, id: number): number {
  const known = table.slots.get(id)
  if (known !== undefined) return known
  const slot = table.ids.length
  table.slots.set(id, slot)
  table.ids.push(id)
  return slot
}

/** Frees `id`. `from` is the last slot: its row must move to `to` unless they are equal. `undefined` when the id is unknown. */
export function releaseSlot(table: SlotTable, id: number): { readonly from: number; readonly to: number } | undefined {
  const to = table.slots.get(id)
  if (to === undefined) return undefined
  const from = table.ids.length - 1
  const moved = table.ids.pop()
  table.slots.delete(id)
  if (moved !== undefined && to !== from) {
    table.ids[to] = moved
    table.slots.set(moved, to)
  }
  return { from, to }
}

import { assert } from '../../base/assert.ts'
import type { TimerEntry } from './timer-entry.ts'

/** Slots of one level: as many as a bit set in one small integer can name. */
const SLOT_BITS = 5
const SLOT_MASK = 31
/** Eleven levels of five bits hold any whole number up to 2^53. */
const LEVELS = 11
/** Ticks are split into their lower 30 bits (six levels) and the rest, so that all bit arithmetic fits 32 bits. */
const LOW_LEVELS = 6
const LOW_RANGE = 2 ** (LOW_LEVELS * SLOT_BITS)
const LEVEL_MASK = 2 ** LEVELS - 1
/** Two lists behind the last level, for what is due already: one is filled while the other one is fired. */
const READY_LEVEL = LEVELS
const READY_SLOTS = LEVELS * (SLOT_MASK + 1)
/** The last tick there is; later ones, 285,000 years away, come down to it. */
const TICK_MAX = Number.MAX_SAFE_INTEGER

/**
 * A hierarchical timing wheel of 1 ms ticks: schedules and cancels in O(1), fires in the order of due ticks and, within
 * a tick, in the order of scheduling. It knows no clock: time is what `advance` was told last.
 *
 * Level 0 has a slot for each of 32 ticks, level 1 for each of 32 spans of 32 ticks, and so on. A timer is in the level
 * of the highest group of five bits in which its tick differs from the present one:
 *
 * ```
 *   now = 00001 00010 00100      due = 00001 00010 00111  -> level 0, slot 7
 *                                due = 00001 00011 00000  -> level 1, slot 3
 *                                due = 00100 00000 00000  -> level 2, slot 4
 * ```
 *
 * So all timers of one tick are always in the same list, those of a lower level are due before those of a higher one, and
 * when time enters a slot of a higher level its timers move down, in order, at most ten times in their lives.
 * `schedule`, `cancel` and `advance` allocate nothing.
 */
export class TimerWheel<Entry extends TimerEntry<Entry>> {
  /** First and last timer of each list, by slot. */
  readonly heads: (Entry | undefined)[] = Array.from<Entry | undefined>({ length: READY_SLOTS + 2 }).fill(undefined)
  readonly tails: (Entry | undefined)[] = Array.from<Entry | undefined>({ length: READY_SLOTS + 2 }).fill(undefined)
  /** By level: the slots that are not empty, as bits. */
  readonly occupied = new Int32Array(LEVELS + 1)
  /** The levels that are not empty, as bits. */
  occupiedLevels = 0
  /** The present tick is `high * 2^30 + low`. */
  high = 0
  low = 0
  nowTick: number
  /** Where timers go that are due already: `READY_SLOTS` or the one after. */
  ready = READY_SLOTS
  /** Timers scheduled now. */
  size = 0
  isAdvancing = false

  /** @param startMs  The present, in milliseconds >= 0 of whatever clock is used; fractions are cut off. */
  constructor(startMs: number) {
    this.nowTick = 0
    this.moveTo(startMs > 0 ? Math.min(Math.floor(startMs), TICK_MAX) : 0)
  }

  /**
   * Makes `entry`, which is not scheduled, fire in the first `advance` to `dueMs` or later: never early, and late by less
   * than a tick. What is due already, and a `dueMs` that is no number, fires in the next `advance`, even if that does
   * not move time on; scheduled while `advance` fires, not in that one.
   */
  schedule(entry: Entry, dueMs: number): void {
    assert(entry.slot === -1, 'a timer is scheduled once at a time')
    this.size += 1
    if (dueMs > this.nowTick) {
      entry.dueTick = dueMs >= TICK_MAX ? TICK_MAX : Math.ceil(dueMs)
      this.append(entry, this.slotOf(entry.dueTick))
    } else {
      entry.dueTick = this.nowTick
      this.append(entry, this.ready)
    }
  }

  /** @returns False when it was not scheduled: it has fired or was cancelled before. */
  cancel(entry: Entry): boolean {
    if (entry.slot === -1) return false
    this.unlink(entry)
    this.size -= 1
    return true
  }

  /**
   * A lower bound of the time of the next timer, in milliseconds: exact within 32 ticks, else the start of the slot that it
   * is in. Time that is advanced to it either fires the timer or brings the bound closer. `Infinity` without timers.
   */
  nextDueMs(): number {
    if (this.occupied[READY_LEVEL] !== 0) return this.nowTick
    return this.occupiedLevels === 0 ? Infinity : this.startOf(this.firstSlot())
  }

  /**
   * Moves time to `nowMs` and calls `fire` for each timer that is due; the timer is no longer scheduled by then. `fire`
   * may schedule and cancel at will; what it schedules at a later tick up to `nowMs` still fires in this call. While it
   * runs, the present is the tick of the timer. Time does not go back: an earlier `nowMs` only fires what is due already.
   *
   * When `fire` throws, the remaining timers stay scheduled and fire in the next call.
   */
  advance(nowMs: number, fire: (entry: Entry) => void): void {
    assert(!this.isAdvancing, 'fire does not advance the wheel')
    const targetTick = nowMs >= TICK_MAX ? TICK_MAX : Math.floor(nowMs)
    this.isAdvancing = true
    try {
      // Left over if `fire` has thrown.
      this.drain(READY_SLOTS * 2 + 1 - this.ready, fire)
      const due = this.ready
      this.ready = READY_SLOTS * 2 + 1 - due
      this.drain(due, fire)
      while ((this.occupiedLevels & LEVEL_MASK) !== 0) {
        const slot = this.firstSlot()
        const startTick = this.startOf(slot)
        if (!(startTick <= targetTick)) break
        this.moveTo(startTick)
        if (slot <= SLOT_MASK) this.drain(slot, fire)
        else this.cascade(slot)
      }
      if (targetTick > this.nowTick) this.moveTo(targetTick)
    } finally {
      this.isAdvancing = false
    }
  }

  /** Calls `visit` for each timer that is scheduled, in no order that means anything. `visit` must not schedule or cancel. */
  each(visit: (entry: Entry) => void): void {
    for (const head of this.heads) for (let entry = head; entry !== undefined; entry = entry.next) visit(entry)
  }

  private drain(slot: number, fire: (entry: Entry) => void): void {
    for (let entry = this.heads[slot]; entry !== undefined; entry = this.heads[slot]) {
      this.unlink(entry)
      this.size -= 1
      fire(entry)
    }
  }

  /** Time has entered this slot: its timers differ from the present in a lower level now. */
  private cascade(slot: number): void {
    for (let entry = this.heads[slot]; entry !== undefined; entry = this.heads[slot]) {
      this.unlink(entry)
      this.append(entry, this.slotOf(entry.dueTick))
    }
  }

  /** The earliest slot that is not empty; there is one. */
  private firstSlot(): number {
    const level = lowestBit(this.occupiedLevels)
    return level * (SLOT_MASK + 1) + lowestBit(Number(this.occupied[level]))
  }

  /** The slot for a tick from the present one on. */
  private slotOf(tick: number): number {
    const high = Math.floor(tick / LOW_RANGE)
    if (high === this.high) {
      const low = tick - high * LOW_RANGE
      const level = levelOf(low ^ this.low)
      return level * (SLOT_MASK + 1) + ((low >>> (level * SLOT_BITS)) & SLOT_MASK)
    }
    const level = levelOf(high ^ this.high)
    return (level + LOW_LEVELS) * (SLOT_MASK + 1) + ((high >>> (level * SLOT_BITS)) & SLOT_MASK)
  }

  /** The first tick of a slot: the present one's upper bits, the slot's, then zeros. */
  private startOf(slot: number): number {
    const level = slot >> SLOT_BITS
    const isLow = level < LOW_LEVELS
    const shift = (isLow ? level : level - LOW_LEVELS) * SLOT_BITS
    const present = isLow ? this.low : this.high
    const bits = ((present >>> (shift + SLOT_BITS)) << (shift + SLOT_BITS)) | ((slot & SLOT_MASK) << shift)
    return isLow ? this.high * LOW_RANGE + bits : bits * LOW_RANGE
  }

  private moveTo(tick: number): void {
    this.nowTick = tick
    this.high = Math.floor(tick / LOW_RANGE)
    this.low = tick - this.high * LOW_RANGE
  }

  private append(entry: Entry, slot: number): void {
    const tail = this.tails[slot]
    entry.slot = slot
    entry.previous = tail
    entry.next = undefined
    this.tails[slot] = entry
    if (tail !== undefined) {
      tail.next = entry
      return
    }
    this.heads[slot] = entry
    const level = slot >> SLOT_BITS
    this.occupied[level] = Number(this.occupied[level]) | (1 << (slot & SLOT_MASK))
    this.occupiedLevels |= 1 << level
  }

  private unlink(entry: Entry): void {
    const { previous, next, slot } = entry
    if (previous === undefined) this.heads[slot] = next
    else previous.next = next
    if (next === undefined) this.tails[slot] = previous
    else next.previous = previous
    entry.slot = -1
    entry.previous = undefined
    entry.next = undefined
    if (this.heads[slot] !== undefined) return
    const level = slot >> SLOT_BITS
    const left = Number(this.occupied[level]) & ~(1 << (slot & SLOT_MASK))
    this.occupied[level] = left
    if (left === 0) this.occupiedLevels &= ~(1 << level)
  }
}

/** The level of the highest bit set; 0 for 0: what is due at the present tick is in level 0. */
function levelOf(difference: number): number {
  return difference === 0 ? 0 : Math.trunc((31 - Math.clz32(difference)) / SLOT_BITS)
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

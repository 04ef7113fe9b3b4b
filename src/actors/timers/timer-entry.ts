/**
 * One timer, linked into the wheel and, if its owner likes, into the owner's own list. Subclasses add what is to happen:
 * `class MyTimer extends TimerEntry<MyTimer>`. Plain fields: wheels touch them for every timer, and private ones are
 * slower. All but the subclass's own fields belong to the wheel and to `linkOwnTimer`.
 */
export class TimerEntry<Self> {
  /** The tick (whole milliseconds) at which it fires; meaningless while `slot` is -1. */
  dueTick = 0
  /** Index of the wheel's list that it is in; -1: not scheduled. */
  slot = -1
  previous: Self | undefined = undefined
  next: Self | undefined = undefined
  ownPrevious: Self | undefined = undefined
  ownNext: Self | undefined = undefined
}

/** Whoever keeps a list of its own timers, to cancel all of them without looking at anybody else's. */
export type TimerOwner<Entry> = { firstTimer: Entry | undefined }

/** Adds `entry`, which is in no owner's list, in O(1). */
export function linkOwnTimer<Entry extends TimerEntry<Entry>>(owner: TimerOwner<Entry>, entry: Entry): void {
  const first = owner.firstTimer
  entry.ownPrevious = undefined
  entry.ownNext = first
  if (first !== undefined) first.ownPrevious = entry
  owner.firstTimer = entry
}

/** Takes `entry` out of this owner's list in O(1). It must be in it. */
export function unlinkOwnTimer<Entry extends TimerEntry<Entry>>(owner: TimerOwner<Entry>, entry: Entry): void {
  const { ownPrevious, ownNext } = entry
  if (ownPrevious === undefined) owner.firstTimer = ownNext
  else ownPrevious.ownNext = ownNext
  if (ownNext !== undefined) ownNext.ownPrevious = ownPrevious
  entry.ownPrevious = undefined
  entry.ownNext = undefined
}

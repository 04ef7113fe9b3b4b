/**
 * One timer, linked into the wheel. Subclasses add what is to happen: `class MyTimer extends TimerEntry<MyTimer>`. Plain fields: wheels touch them for every timer, and private
 * ones are slower. All of them belong to the wheel.
 */
export class TimerEntry<Self> {
  /** The tick (whole milliseconds) at which it fires; meaningless while `slot` is -1. */
  dueTick = 0
  /** Index of the wheel's list that it is in; -1: not scheduled. */
  slot = -1
  previous: Self | undefined = undefined
  next: Self | undefined = undefined
}

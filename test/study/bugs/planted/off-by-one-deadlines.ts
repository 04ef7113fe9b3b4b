import type { PlantedBug } from '../planted-bug.ts'

export const OFF_BY_ONE_DEADLINES: readonly PlantedBug[] = [
  {
    name: 'tick-cut-off',
    class: 'off-by-one-deadline',
    file: 'src/actors/timers/timer-wheel.ts',
    search: 'entry.dueTick = dueMs >= TICK_MAX ? TICK_MAX : Math.ceil(dueMs)',
    replacement: 'entry.dueTick = dueMs >= TICK_MAX ? TICK_MAX : Math.floor(dueMs)',
    what: 'a timer fires up to a millisecond early',
  },
  {
    name: 'one-restart-more',
    class: 'off-by-one-deadline',
    file: 'src/core/supervision/restart-intensity.ts',
    search: 'const isExceeded = counting.length >= restarts',
    replacement: 'const isExceeded = counting.length > restarts',
    what: 'a supervisor restarts once more than it may within its period',
  },
  {
    name: 'period-without-its-end',
    class: 'off-by-one-deadline',
    file: 'src/core/supervision/restart-intensity.ts',
    search: 'Math.abs(atMs - earlierMs) <= withinMs)',
    replacement: 'Math.abs(atMs - earlierMs) < withinMs - 1)',
    what: 'a restart at the very end of the period does not count',
  },
  {
    name: 'delay-one-short',
    class: 'off-by-one-deadline',
    file: 'src/actors/durable/consequences/durable-timers.ts',
    search: 'else if (isFresh) this.#schedule(new DueEntry(actor, timer), delay)',
    replacement: 'else if (isFresh) this.#schedule(new DueEntry(actor, timer), delay - 1)',
    what: 'a reminder comes a millisecond before its delay is over',
  },
  {
    name: 'instant-reached-too-soon',
    class: 'off-by-one-deadline',
    file: 'src/actors/durable/consequences/durable-timers.ts',
    search: 'if (!isDelay && instant > this.#now()) this.#armForInstant(entry, instant)',
    replacement: 'if (!isDelay && instant > this.#now() + 1_000) this.#armForInstant(entry, instant)',
    what: 'what waits for an instant comes up to a second early when the clock was set',
  },
]

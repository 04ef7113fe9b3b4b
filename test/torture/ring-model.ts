/**
 * The ring and its two bells as a model that can be explored to the end: one thread that writes, one that reads, a ring
 * of two slots, memory that is as weak as the language allows.
 *
 * Each step here is the step of the same name in `src/actors/threads/ring-writer.ts`, `ring-reader.ts` and
 * `doorbell.ts`; a step is one access to shared memory, so every interleaving of accesses is seen. Stores go through a
 * buffer of the thread that made them, and reach memory at any later time:
 *
 * - `plain`: may overtake stores to other places. What a plain store of the language may do.
 * - `release`: reaches memory after all earlier ones, but later loads of its thread need not wait for it.
 * - `fenced`: as `Atomics.store`: everything earlier is in memory, and it is, before the thread goes on.
 */
export type Ordering = 'plain' | 'release' | 'fenced'

/** What a defect changes; the true protocol has `NO_DEFECT`. */
export type RingDefect = {
  readonly publish: Ordering
  readonly announce: Ordering
  readonly release: Ordering
  readonly wish: Ordering
  readonly hasReaderRecheck: boolean
  readonly hasWriterRecheck: boolean
  readonly comparesInWait: boolean
  readonly isRecheckFirst: boolean
  readonly isPublishFirst: boolean
  readonly isReleaseFirst: boolean
  readonly isBellFirst: boolean
  readonly isWishFirst: boolean
  readonly publishesBeforeSleep: boolean
  readonly releasesBeforeSleep: boolean
  readonly slotsBelieved: number
  readonly dropsOldWakes: boolean
  readonly hurriesPastRecheck: boolean
}

export const SLOTS = 2

export const NO_DEFECT: RingDefect = {
  publish: 'fenced',
  announce: 'fenced',
  release: 'fenced',
  wish: 'fenced',
  hasReaderRecheck: true,
  hasWriterRecheck: true,
  comparesInWait: true,
  isRecheckFirst: false,
  isPublishFirst: false,
  isReleaseFirst: false,
  isBellFirst: false,
  isWishFirst: false,
  publishesBeforeSleep: true,
  releasesBeforeSleep: true,
  slotsBelieved: SLOTS,
  dropsOldWakes: false,
  hurriesPastRecheck: false,
}

/** Known defects, what each is and what it changes. Each must be found. */
export const RING_PLANTS: Readonly<Record<string, { readonly what: string; readonly defect: Partial<RingDefect> }>> = {
  'no-recheck': { what: 'the reader sleeps without looking again (P2)', defect: { hasReaderRecheck: false } },
  'no-room-recheck': { what: 'the writer sleeps without looking again (F2)', defect: { hasWriterRecheck: false } },
  'recheck-first': { what: 'the reader looks again before it announces (P2, P1)', defect: { isRecheckFirst: true } },
  'blind-wait': { what: 'the wait does not compare the state (P3)', defect: { comparesInWait: false } },
  'publish-unfenced': { what: 'no fence between publishing and the bell (W3, B1)', defect: { publish: 'release' } },
  'announce-unfenced': {
    what: 'no fence between announcing and looking again (P1, P2)',
    defect: { announce: 'plain' },
  },
  'release-unfenced': { what: 'no fence between releasing and the wish (R3, R4)', defect: { release: 'release' } },
  'wish-unfenced': { what: 'no fence between the wish and looking again (F1, F2)', defect: { wish: 'plain' } },
  'publish-plain': { what: 'the tail may be seen before the record (W2, W3)', defect: { publish: 'plain' } },
  'publish-first': { what: 'the tail is published before the record is written', defect: { isPublishFirst: true } },
  'release-first': { what: 'the room is released before the record is read', defect: { isReleaseFirst: true } },
  'bell-first': { what: 'the bell is rung before the wish is taken away (R6, R5)', defect: { isBellFirst: true } },
  'wish-first': { what: 'the wish is made before announcing (F1, P1)', defect: { isWishFirst: true } },
  'sleep-unpublished': {
    what: 'the writer sleeps on records it did not publish',
    defect: { publishesBeforeSleep: false },
  },
  'sleep-unreleased': { what: 'the reader sleeps on room it did not release', defect: { releasesBeforeSleep: false } },
  'old-wake-dropped': {
    what: 'a wake of the wait that a hurry left behind is not taken for one of the present park',
    defect: { dropsOldWakes: true },
  },
  'hurry-no-recheck': {
    what: 'a thread that had looked for an answer parks without looking again (P2, F2)',
    defect: { hurriesPastRecheck: true },
  },
  'one-slot-more': { what: 'the writer believes in a slot more than there is', defect: { slotsBelieved: SLOTS + 1 } },
}

/** Places in shared memory. */
export const HEAD = 0
export const TAIL = 1
export const WISH = 2
export const WRITER_STATE = 3
export const READER_STATE = 4
/** Two words per slot: a record of which only one is new is torn. */
export const RECORDS = 5

export const AWAKE = 0
export const PARKED = 1
export const RUNG = 2

export type Step =
  | 'W1'
  | 'W1-look'
  | 'W2'
  | 'W2-second'
  | 'W3'
  | 'R1'
  | 'R2'
  | 'R2-second'
  | 'R3'
  | 'R4'
  | 'R5'
  | 'P1'
  | 'P2'
  | 'F1'
  | 'F2'
  | 'P3'
  | 'asleep'
  | 'P5'
  | 'B1'
  | 'B2'
  | 'B3'
  | 'done'

export type BufferedStore = readonly [place: number, value: number, ordering: Ordering]

/**
 * The wait of P3. It outlives the sleep when the thread gets up by itself (see `ThreadPump.expectAnswer`), and is then that
 * of the next sleep too. `fired`: notified, and what follows it has still to run on its thread.
 */
export type Wait = 'none' | 'listed' | 'fired'

export type ThreadState = {
  readonly step: Step
  readonly wait: Wait
  /** It got up by itself, and has not looked and parked since. */
  readonly isHurried: boolean
  /** Where it goes on after the bell. */
  readonly afterwards: Step
  /** Records written or read; what of that is published or released; what is known of the other end. */
  readonly count: number
  readonly shown: number
  readonly known: number
  readonly buffer: readonly BufferedStore[]
}

export type RingState = {
  readonly memory: readonly number[]
  readonly writer: ThreadState
  readonly reader: ThreadState
  /** Wakes without a reason that may still happen. */
  readonly spurious: number
  /** Times that a sleeping thread may still get up by itself, because it was given something else to do. */
  readonly hurries: number
  /** What the reader saw that was never written so. */
  readonly fault: string
}

import { CodedError } from '../base/errors.ts'
import { createSteadyStamps } from '../base/time.ts'
import type { SubtleSignatures } from '../keys/web-crypto-signer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'
import type { IndexedFactory, KeyRanges } from '../storage/indexed/indexed-types.ts'

/** The part of Web Locks that is used: `hold` is called with `null` where somebody else has the lock, and the lock is held until what it gives back resolves. */
export type LockManager = {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    hold: (lock: object | null) => Promise<void>,
  ): Promise<void>
}

/** What a page, or a worker of one, gives. */
export type PagePlatform = {
  readonly indexedDB: IndexedFactory
  readonly IDBKeyRange: KeyRanges
  readonly subtle: SubtleSignatures
  readonly locks: LockManager
  /** Whether the browser has promised to keep what is stored until the user clears it. */
  readonly isPersisted: () => Promise<boolean>
  /** Asks it to promise that, which may ask the user, who may not answer; false where it does not. */
  readonly persist: () => Promise<boolean>
  /** Calls back when the machine is on a network again. @returns Ends it. */
  readonly onOnline: (listener: () => void) => () => void
}

declare const indexedDB: IndexedFactory
declare const IDBKeyRange: KeyRanges
declare const crypto: { readonly subtle?: SubtleSignatures; getRandomValues(bytes: Uint8Array): Uint8Array }
declare const navigator: {
  readonly locks?: LockManager
  readonly storage: { persist?(): Promise<boolean>; persisted(): Promise<boolean> }
}
declare const addEventListener: (type: 'online', listener: () => void) => void
declare const removeEventListener: (type: 'online', listener: () => void) => void

/** Of the page or the worker that this runs in. Throws `KEY_PLATFORM_LACKS` in a page that the browser does not trust. */
export function pagePlatform(): PagePlatform {
  const { subtle } = crypto
  const { locks, storage } = navigator
  if (subtle === undefined || locks === undefined)
    throw new CodedError('KEY_PLATFORM_LACKS', {
      message: 'The browser does not trust the place that this page is from',
    })
  return {
    indexedDB,
    IDBKeyRange,
    subtle,
    locks,
    isPersisted: async () => await storage.persisted(),
    // Workers cannot ask for it.
    persist: async () => (await storage.persist?.()) ?? false,
    onOnline: (listener) => {
      addEventListener('online', listener)
      return () => removeEventListener('online', listener)
    },
  }
}

/** As the clock of a node. */
export function createPageClock(): Clock {
  return {
    now: createSteadyStamps(() => Date.now()),
    monotonicMs: () => performance.now(),
    timeoutSignal: (delayMs) => AbortSignal.timeout(delayMs),
  }
}

/** Timers of the page; in a tab that nobody sees the browser lets them be late, by a minute at most. */
export function createPageTimers(): Timers {
  return {
    schedule(delayMs, callback) {
      const handle = setTimeout(callback, delayMs)
      return { cancel: () => clearTimeout(handle) }
    },
  }
}

const FRACTION_SCALE = 2 ** -53

/** Unpredictable bytes of the browser. */
export function createPageRandom(): Random {
  const bytes = (count: number): Uint8Array => {
    if (!Number.isInteger(count) || count < 0 || count > 65_536) throw new RangeError('count must be 0 to 65,536')
    return crypto.getRandomValues(new Uint8Array(count))
  }
  return {
    bytes,
    fraction() {
      const view = new DataView(bytes(8).buffer)
      return ((view.getUint32(0) >>> 5) * 67_108_864 + (view.getUint32(4) >>> 6)) * FRACTION_SCALE
    },
  }
}

import type { Claims } from '../../ports/claims.ts'
import type { KeyRange, KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import { recordOfBytes } from '../record-bytes.ts'

/** Some records that are not in the sums yet, in the order of their keys. */
export type EarlierSlice = {
  readonly events: readonly TelemetryEvent[]
  /** The key of the last one, or `END`. */
  readonly last: string
  /** Says in the store of sums that these are counted. */
  readonly mark: KeyValueOperation
}

/** Records that versions without sums left, which are counted once, in slices. */
export interface EarlierRecords {
  /** Does the work unless it is done, or another process does it. Resolves with whether all are counted. */
  use(work: () => Promise<void>): Promise<boolean>
  /** Whether a key may be that of a record which another process has not counted yet. */
  isElsewhere(key: string): boolean
  /** Whether a key may be that of a record which is not counted yet. */
  isLeft(key: string): boolean
  /** `undefined` when all are counted. */
  next(): Promise<EarlierSlice | undefined>
  /** The slice is counted. */
  pass(slice: EarlierSlice): void
}

export type EarlierRecordsInit = {
  readonly records: KeyValueStore
  readonly sums: KeyValueStore
  /** Where several processes have the same records. */
  readonly claims?: Pick<Claims, 'take'>
}

const MARK = 'earlier'
const CLAIM = 'usage-sums'
/** Above the keys of all records, which begin with a year. */
const END = '~'
const READ_AT_ONCE = 512

export function createEarlierRecords(init: EarlierRecordsInit): EarlierRecords {
  return new UncountedRecords(init)
}

class UncountedRecords implements EarlierRecords {
  readonly #init: EarlierRecordsInit
  /** Up to which key they are counted; `undefined` before anybody looked. */
  #passed: string | undefined
  #isMine: boolean

  constructor(init: EarlierRecordsInit) {
    this.#init = init
    this.#isMine = init.claims === undefined
  }

  async use(work: () => Promise<void>): Promise<boolean> {
    const { claims } = this.#init
    if ((await this.#look()) === END) return true
    if (claims === undefined) {
      await work()
      return (await this.#look()) === END
    }
    const claim = await claims.take(CLAIM)
    if (claim === undefined) {
      this.#passed = undefined
      return false
    }
    try {
      // Whoever had it before may have come further.
      this.#passed = undefined
      this.#isMine = true
      claim.lost.addEventListener('abort', () => (this.#isMine = false), { once: true })
      await work()
      return (await this.#look()) === END
    } finally {
      this.#isMine = false
      await claim.release()
    }
  }

  isLeft(key: string): boolean {
    return this.#isMine && (this.#passed === undefined || key > this.#passed) && isEarlier(key)
  }

  isElsewhere(key: string): boolean {
    return !this.#isMine && this.#passed !== END && isEarlier(key)
  }

  async next(): Promise<EarlierSlice | undefined> {
    const passed = await this.#look()
    if (!this.#isMine || passed === END) return undefined
    const events: TelemetryEvent[] = []
    let last = passed
    let count = 0
    const range: KeyRange = { ...(passed !== '' && { gt: passed }), limit: READ_AT_ONCE }
    // One that is damaged is in no sum.
    const onDamaged = (): void => void (count += 1)
    for await (const { key, value } of this.#init.records.iterate(range, { onDamaged })) {
      last = key
      count += 1
      const event = isEarlier(key) ? recordOfBytes(value) : undefined
      if (event !== undefined) events.push(event)
    }
    if (count < READ_AT_ONCE) last = END
    return { events, last, mark: { type: 'put', key: MARK, value: new TextEncoder().encode(last) } }
  }

  pass({ last }: EarlierSlice): void {
    this.#passed = last
  }

  async #look(): Promise<string> {
    if (this.#passed !== undefined) return this.#passed
    const value = await this.#init.sums.get(MARK)
    this.#passed = value === undefined ? '' : new TextDecoder().decode(value)
    return this.#passed
  }
}

/** Keys of versions with sums name the tenant as well. */
function isEarlier(key: string): boolean {
  return key.split(' ').length === 2
}

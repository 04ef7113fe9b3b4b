import type { Timestamp } from '../base/time.ts'

/** One request that was asked for, or one step of it where redirects were followed. It holds neither path nor query, headers nor bodies: any of them may be a secret. */
export type OutboundRecord = {
  readonly at: Timestamp
  readonly method: string
  /** Empty where the URL could not be read, or says none. */
  readonly host: string
  readonly port: number
  readonly outcome: 'pending' | 'answered' | 'refused' | 'failed'
  /** Of the answer. */
  readonly status?: number
  /** Of a refusal or failure, in words. */
  readonly reason?: string
  /** Of the answer's body, as far as it came. */
  readonly bodyBytes: number
}

/** The last requests, oldest first; older ones are forgotten. */
export class OutboundRecords {
  readonly #countMax: number
  readonly #onRecord: (record: OutboundRecord) => void
  #kept: OutboundRecord[] = []

  /** `onRecord` is told each once it is complete. */
  constructor(countMax: number, onRecord: (record: OutboundRecord) => void = () => undefined) {
    this.#countMax = countMax
    this.#onRecord = onRecord
  }

  /** All that are kept, as they are now. */
  list(): readonly OutboundRecord[] {
    return [...this.#kept]
  }

  /** Adds one; what is given back says more of it. Whoever holds a record that was forgotten meanwhile says it to nobody. */
  open(first: Pick<OutboundRecord, 'at' | 'method' | 'host' | 'port'>): OpenRecord {
    let current: OutboundRecord = { ...first, outcome: 'pending', bodyBytes: 0 }
    const keep = (next: OutboundRecord): void => {
      const place = this.#kept.lastIndexOf(current)
      current = next
      if (place !== -1) this.#kept[place] = next
    }
    this.#kept.push(current)
    if (this.#kept.length > this.#countMax) this.#kept.shift()
    return {
      say: (more) => keep({ ...current, ...more }),
      complete: (more = {}) => {
        keep({ ...current, ...more })
        this.#onRecord(current)
      },
    }
  }
}

export type OpenRecord = {
  say(more: Partial<OutboundRecord>): void
  /** The last that is said of it; once. */
  complete(more?: Partial<OutboundRecord>): void
}

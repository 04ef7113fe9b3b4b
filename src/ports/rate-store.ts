/** What a rate is of: requests a minute, tokens a minute, requests at a time. */
export const RATE_KINDS = ['requests', 'tokens', 'running'] as const
/** One of `RATE_KINDS`. */
export type RateKind = (typeof RATE_KINDS)[number]

/** What a member says of one rate. */
export type RateReport = {
  readonly scope: string
  readonly kind: RateKind
  /** A minute, or at a time; 1 or more. */
  readonly limit: number
  /** What it used in all since it began with this rate; less than before where some was given back. Not of `running`. */
  readonly usedTotal: number
  /** What it still has of its slice and wants to keep; of `running` also what is in use. 0 or more. */
  readonly has: number
  /** What it wants beside that, 0 or more. */
  readonly wants: number
  /** It has not reported this rate before, or has left it since. */
  readonly isNew: boolean
  /** It uses this rate no more: what it has is given back, and its count begins anew. */
  readonly isLeaving: boolean
}

/** What a member of a rate may use, and what is there beside. */
export type RateSlice = {
  /** What the member may use from when it asked, what it had included. */
  readonly has: number
  /** What nobody has of it, whole units; below zero where more was used than was there. */
  readonly left: number
}

/**
 * RateStore: rates that several processes share. Of each there is one bucket, that is full at first and gets back in a minute what the rate allows in one; of requests at a time
 * it is what is not in use. Members take slices of it and use them without asking. What all of them use together, in any time, is never more than one bucket alone would allow:
 * what is in slices is counted as used until it is given back.
 *
 * A member that is not heard of for the time of its lease has no slice any more: what was in it of requests and tokens counts as used, what was running as ended. It counts that
 * time from when it asked, and so ends before others may take it.
 *
 * ```ts
 * const take = async (store: RateStore): Promise<boolean> => {
 *   const report = { scope: 'key:k1', kind: 'requests', limit: 60, usedTotal: 0, has: 0, wants: 5, isNew: true, isLeaving: false } as const
 *   const [slice] = await store.exchange([report])
 *   return (slice?.has ?? 0) > 0
 * }
 * ```
 */
export interface RateStore {
  /** How long a slice is good for, from when it was asked for, milliseconds. */
  readonly leaseMs: number
  /** Takes what was used, and gives slices, in the order of the reports; each scope and kind once. Sent again it gives the same and counts nothing twice. Throws `STORE_*`. */
  exchange(reports: readonly RateReport[]): Promise<readonly RateSlice[]>
}

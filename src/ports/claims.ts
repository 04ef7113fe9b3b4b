/** The right to do something alone. */
export type Claim = {
  /** Aborted once another process may have it: the store was not heard of for the time of the lease, or says so. */
  readonly lost: AbortSignal
  /** Whoever wants it next has it at once. Idempotent. One that cannot be released ends with its lease; nothing is thrown. */
  release(): Promise<void>
}

/**
 * Claims: which of several processes does a thing. One that has a claim has it alone for as long as it gives signs of itself, which it does by itself; that of a process
 * which dies may be taken by another one behind its lease.
 *
 * ```ts
 * const once = async (claims: Claims, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
 *   const claim = await claims.take('nightly')
 *   if (claim === undefined) return false
 *   await work(claim.lost).finally(() => claim.release())
 *   return true
 * }
 * ```
 */
export interface Claims {
  /** How long a claim lasts without a sign, milliseconds. */
  readonly leaseMs: number
  /** `undefined` while somebody has it, this process included. `name`: 1 to 1,000 printable ASCII characters without spaces. Throws `STORE_*`. */
  take(name: string): Promise<Claim | undefined>
  /** Whether somebody has it. Throws `STORE_*`. */
  isTaken(name: string): Promise<boolean>
}

/**
 * StoreChanges: what other processes change in a store that they share. It is not a queue: a key is told at least once after it changed, in no order that
 * anybody may count on, and whoever is told reads the store for what is there now.
 *
 * ```ts
 * const follow = (changes: StoreChanges, cached: Map<string, Uint8Array>): (() => void) =>
 *   changes.watch('answers', (keys) => {
 *     for (const key of keys ?? [...cached.keys()]) cached.delete(key)
 *   })
 * ```
 */
export type StoreListener = (
  /** Keys of the sublevel that somebody else put or deleted. `undefined`: any may have changed, because changes were missed. */
  keys: readonly string[] | undefined,
) => void

/**
 * What other processes change in a store that they share. A key is told at least once after it changed, in no order that counts; whoever is told reads the
 * store for what is there now.
 */
export interface StoreChanges {
  /**
   * Tells of changes below the top sublevel `name` by other processes, from now on. Usually within milliseconds; after a lost connection once it is back, and
   * then of what changed meanwhile. A listener may not throw.
   *
   * @returns Ends it; idempotent.
   */
  watch(name: string, listener: StoreListener): () => void
}

import type { KeyRange, KeyValueStore } from '../../ports/key-value-store.ts'
import { daysOf, rangeBeforeDay, type SumGrain } from './sum-keys.ts'

const DELETED_AT_ONCE = 512

export type Pruning = {
  /** Days of which sums are kept, 1 or more. */
  readonly kept: Readonly<Record<SumGrain, number>>
  /** The day that is written at this time, which stays whatever else there is. */
  readonly day: string
}

/**
 * Deletes the sums of all but the newest days. Days that have sums are counted, and no clock is asked, so that one which once went wrong by years costs
 * one day of them.
 *
 * @returns The ranges of keys that are empty by then.
 */
export async function pruneSums(store: KeyValueStore, { kept, day }: Pruning): Promise<readonly KeyRange[]> {
  const gone: KeyRange[] = []
  for (const grain of ['day', 'hour'] as const) {
    const days = await daysOf(store, grain)
    const newest = days.at(-kept[grain])
    if (days.length <= kept[grain] || newest === undefined) continue
    const oldest = newest < day ? newest : day
    let keys: string[] = []
    const remove = async (): Promise<void> => {
      await store.batch(keys.map((key) => ({ type: 'delete', key })))
      keys = []
    }
    const range = rangeBeforeDay(grain, oldest)
    gone.push(range)
    for await (const key of store.keys(range)) {
      keys.push(key)
      if (keys.length >= DELETED_AT_ONCE) await remove()
    }
    if (keys.length > 0) await remove()
  }
  return gone
}

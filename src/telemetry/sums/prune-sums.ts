import type { KeyValueStore } from '../../ports/key-value-store.ts'
import { daysOf, rangeBeforeDay, type SumGrain } from './sum-keys.ts'

const DELETED_AT_ONCE = 512

/**
 * Deletes the sums of all but the newest days. Days that have sums are counted, and no clock is asked, so that one which once went wrong by years costs
 * one day of them.
 */
export async function pruneSums(store: KeyValueStore, daysMax: Readonly<Record<SumGrain, number>>): Promise<void> {
  for (const grain of ['day', 'hour'] as const) {
    const days = await daysOf(store, grain)
    const oldest = days.at(-daysMax[grain])
    if (days.length <= daysMax[grain] || oldest === undefined) continue
    let keys: string[] = []
    const remove = async (): Promise<void> => {
      await store.batch(keys.map((key) => ({ type: 'delete', key })))
      keys = []
    }
    for await (const key of store.keys(rangeBeforeDay(grain, oldest))) {
      keys.push(key)
      if (keys.length >= DELETED_AT_ONCE) await remove()
    }
    if (keys.length > 0) await remove()
  }
}

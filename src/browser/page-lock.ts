import { CodedError } from '../base/errors.ts'
import type { LockManager } from './page-platform.ts'

/**
 * Makes this tab the only one that has a store open, until it is closed however that happens: the browser lets go of locks with the tab. Rejects with `STORE_LOCKED`
 * where another one has it. @returns Lets others have it.
 */
export async function lockStore(locks: LockManager, name: string): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<boolean>()
  const released = Promise.withResolvers<void>()
  const done = locks.request(`kernell/store/${name}`, { ifAvailable: true }, async (lock) => {
    held.resolve(lock !== null)
    if (lock !== null) await released.promise
  })
  done.catch(held.reject)
  if (!(await held.promise))
    throw new CodedError('STORE_LOCKED', {
      message: `Another tab of this browser has the store ${name} open`,
      details: {
        store: name,
        remedy: 'Use the other tab, or close it: two of them would sign two things at one place.',
      },
    })
  return async () => {
    released.resolve()
    await done
  }
}

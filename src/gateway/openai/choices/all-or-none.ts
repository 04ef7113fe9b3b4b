import { CodedError } from '../../../base/errors.ts'

export type AllOrNone<Item, Result> = {
  readonly items: readonly Item[]
  /** Aborted, it ends all of them. */
  readonly signal: AbortSignal
  /** Does one of them; the signal is aborted too when another one has failed. */
  readonly run: (item: Item, signal: AbortSignal, place: number) => Promise<Result>
  /** Told of the first failure at once, before the others have ended. */
  readonly whenFailed?: (error: unknown) => void
}

/**
 * Does what is worth something together only: all begin at once, and the first failure ends the others. Results are in the order of the items.
 *
 * Throws the first failure, once all have ended.
 */
export async function allOrNone<Item, Result>(init: AllOrNone<Item, Result>): Promise<readonly Result[]> {
  const others = new AbortController()
  const signal = AbortSignal.any([init.signal, others.signal])
  const runs = init.items.map(async (item, place) => await init.run(item, signal, place))
  const ended = Promise.allSettled(runs)
  try {
    return await Promise.all(runs)
  } catch (error: unknown) {
    others.abort(new CodedError('REQUEST_ABORTED', { message: 'Another answer to the same request has failed' }))
    init.whenFailed?.(error)
    await ended
    throw error
  }
}

import { CodedError } from '../../base/errors.ts'

/** Requests that may wait for their turn; further ones are refused. */
export const WAITING_MAX = 1_024

/** The turns of an auction house: one piece of work after the other, and none after a failure of the journal. */
export class HouseQueue {
  private tail: Promise<unknown> = Promise.resolve()
  private waiting = 0
  private isOpen = true
  private failure: { readonly cause: unknown } | undefined

  /** Why nothing is done any more; `undefined` while all is well. */
  get failureCause(): unknown {
    return this.failure?.cause
  }

  /** Does what somebody waits for. Throws `AUCTION_HOUSE_BUSY` when too much waits, `STORE_NOT_OPEN` when closed, and what the work throws. */
  async request<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.waiting >= WAITING_MAX) {
      throw new CodedError('AUCTION_HOUSE_BUSY', { message: `${WAITING_MAX} requests wait` })
    }
    return await this.add(work)
  }

  /** Does what nobody waits for; a failure shows in `failureCause`, and in the next request. */
  async background(work: () => Promise<unknown>): Promise<void> {
    if (!this.isOpen) return
    await this.add(work).catch((cause: unknown) => this.fail(cause))
  }

  fail(cause: unknown): void {
    this.failure ??= { cause }
  }

  /** What waits is still done. */
  async close(): Promise<void> {
    this.isOpen = false
    await this.tail
  }

  private add<Value>(work: () => Promise<Value>): Promise<Value> {
    if (!this.isOpen) {
      return Promise.reject(new CodedError('STORE_NOT_OPEN', { message: 'The auction house is closed' }))
    }
    this.waiting += 1
    const done = this.tail.then(async () => {
      if (this.failure !== undefined) throw this.failure.cause
      return await work()
    })
    this.tail = done.then(
      () => (this.waiting -= 1),
      () => (this.waiting -= 1),
    )
    return done
  }
}

import { CodedError } from '../../base/errors.ts'

export type RunSlotsInit = {
  /** Runs at one time. */
  readonly concurrencyMax: number
  /** Runs that wait for one of them to end; more are refused. */
  readonly waitingMax: number
}

type Waiting = { readonly start: () => void; readonly fail: (error: unknown) => void }

/**
 * How many runs there are at one time. Those beyond wait in the order in which they came, and only so many. Closing ends all of them by the signal that each was given.
 */
export class RunSlots {
  private readonly init: RunSlotsInit
  private readonly closing = new AbortController()
  private readonly waiting = new Set<Waiting>()
  private readonly running = new Set<Promise<unknown>>()
  private taken = 0

  constructor(init: RunSlotsInit) {
    this.init = init
  }

  /**
   * Does `work` when its turn comes. Its signal is the caller's and that of `close` together.
   *
   * Throws the reason of a signal that is aborted before the turn came, `SANDBOX_BUSY`, `SANDBOX_UNAVAILABLE` once closed, and what `work` throws.
   */
  async run<Result>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    await this.take(signal)
    if (this.closing.signal.aborted) {
      this.give()
      throw closed()
    }
    const both = signal === undefined ? this.closing.signal : AbortSignal.any([signal, this.closing.signal])
    const done = work(both)
    this.running.add(done)
    try {
      return await done
    } finally {
      this.running.delete(done)
      this.give()
    }
  }

  /** Ends what runs, refuses what waits, and waits for all of it. Idempotent. */
  async close(): Promise<void> {
    this.closing.abort(closed())
    for (const waiting of this.waiting) waiting.fail(closed())
    await Promise.allSettled(this.running)
  }

  private async take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.closing.signal.aborted) throw closed()
    if (this.taken < this.init.concurrencyMax) {
      this.taken += 1
      return
    }
    const { waitingMax } = this.init
    if (this.waiting.size >= waitingMax)
      throw new CodedError('SANDBOX_BUSY', {
        message: `${this.taken} programs run, and ${waitingMax} wait already`,
        details: { running: this.taken, waiting: waitingMax },
      })
    await this.wait(signal)
  }

  /** The slot is handed over: whoever gives it back starts the next, so that nobody overtakes. */
  private async wait(signal: AbortSignal | undefined): Promise<void> {
    let fail: (error: unknown) => void = () => {}
    const abort = (): void => fail(signal?.reason)
    let mine: Waiting | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        fail = reject
        mine = { start: resolve, fail: reject }
        this.waiting.add(mine)
        signal?.addEventListener('abort', abort, { once: true })
      })
    } finally {
      if (mine !== undefined) this.waiting.delete(mine)
      signal?.removeEventListener('abort', abort)
    }
  }

  private give(): void {
    const [next] = this.waiting
    if (next === undefined) {
      this.taken -= 1
      return
    }
    this.waiting.delete(next)
    next.start()
  }
}

function closed(): CodedError {
  return new CodedError('SANDBOX_UNAVAILABLE', { message: 'this sandbox is closed' })
}

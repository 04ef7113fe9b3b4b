import { CodedError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'

export type CallLimits = { readonly callsMax: number; readonly timeoutMs: number }

/** A call that is under way. Its signal aborts when the caller's does, or with `OUTBOUND_TIMEOUT` when its time is over. */
export type Call = {
  readonly signal: AbortSignal
  /** The call is over. Idempotent. */
  readonly end: () => void
}

/** Counts calls, and gives each its time. */
export class CallLimit {
  readonly #clock: Pick<Clock, 'timeoutSignal'>
  readonly #limits: CallLimits
  #count = 0

  constructor(clock: Pick<Clock, 'timeoutSignal'>, limits: CallLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Throws `OUTBOUND_BUSY`. */
  begin(caller: AbortSignal | undefined): Call {
    const { callsMax, timeoutMs } = this.#limits
    if (this.#count >= callsMax) {
      throw new CodedError('OUTBOUND_BUSY', { message: `${callsMax} requests are under way`, details: { callsMax } })
    }
    this.#count += 1
    const controller = new AbortController()
    const time = this.#clock.timeoutSignal(timeoutMs)
    const onTime = (): void =>
      controller.abort(
        new CodedError('OUTBOUND_TIMEOUT', { message: `The request was not over after ${timeoutMs} ms` }),
      )
    const onCaller = (): void => controller.abort(caller?.reason)
    time.addEventListener('abort', onTime, { once: true })
    caller?.addEventListener('abort', onCaller, { once: true })
    let isOver = false
    return {
      signal: controller.signal,
      end: () => {
        if (isOver) return
        isOver = true
        this.#count -= 1
        time.removeEventListener('abort', onTime)
        caller?.removeEventListener('abort', onCaller)
      },
    }
  }
}

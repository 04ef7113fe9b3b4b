import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'

/** Responses in the background that a node works on at one time. */
const BACKGROUND_MAX = 64

type Running = { readonly controller: AbortController; readonly isBackground: boolean; readonly ended: Promise<void> }

/** Responses that are under way, so that they can be cancelled. */
export class RunningResponses {
  readonly #running = new Map<string, Running>()
  #backgroundCount = 0

  /**
   * A place for a response in the background, until the function it gives is called, once. It is taken before anybody is told that the response is queued.
   *
   * Throws `GATEWAY_OVERLOADED`.
   */
  takeBackgroundPlace(): () => void {
    if (this.#backgroundCount >= BACKGROUND_MAX)
      throw new CodedError('GATEWAY_OVERLOADED', {
        message: `${BACKGROUND_MAX} responses are under way in the background`,
        details: { remedy: 'Send the request again once some of them have ended, or without `background`.' },
      })
    this.#backgroundCount += 1
    return () => void (this.#backgroundCount -= 1)
  }

  /** Runs a response that somebody may cancel; what aborts `signal` ends it, too. Throws what the run throws. */
  async run<Result>(of: RunningOf, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { tenant, id, signal, isBackground } = of
    const controller = new AbortController()
    const key = `${tenant}/${id}`
    const ended = Promise.withResolvers<void>()
    this.#running.set(key, { controller, isBackground, ended: ended.promise })
    const all = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
    try {
      return await run(all)
    } finally {
      this.#running.delete(key)
      ended.resolve()
    }
  }

  has(tenant: TenantId, id: string): boolean {
    return this.#running.has(`${tenant}/${id}`)
  }

  /** Ends a response, and waits until it has; `false` where it is not under way. */
  async cancel(tenant: TenantId, id: string): Promise<boolean> {
    const running = this.#running.get(`${tenant}/${id}`)
    if (running === undefined) return false
    running.controller.abort(new CodedError('REQUEST_ABORTED', { message: 'The response was cancelled' }))
    await running.ended
    return true
  }

  /** Ends all in the background, and waits for them. */
  async stop(reason: CodedError): Promise<void> {
    const background = [...this.#running.values()].filter(({ isBackground }) => isBackground)
    for (const { controller } of background) controller.abort(reason)
    await Promise.all(background.map(({ ended }) => ended))
  }
}

export type RunningOf = {
  readonly tenant: TenantId
  readonly id: string
  readonly signal: AbortSignal | undefined
  readonly isBackground: boolean
}

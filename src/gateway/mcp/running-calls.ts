import { CodedError } from '../../base/errors.ts'

/**
 * The calls of tools that are being worked on. One outlives the request that brought it where the caller may come back for its answer, so
 * requests alone do not bound them.
 */
export class RunningCalls {
  private readonly callsMax: number
  private readonly timeoutMs: number
  private readonly controllers = new Set<AbortController>()
  private isStopped = false

  constructor({ callsMax, timeoutMs }: { readonly callsMax: number; readonly timeoutMs: number }) {
    this.callsMax = callsMax
    this.timeoutMs = timeoutMs
  }

  get count(): number {
    return this.controllers.size
  }

  /**
   * Throws `GATEWAY_OVERLOADED` where there is no room, `GATEWAY_TIMEOUT` where it takes too long, `GATEWAY_STOPPING`, `REQUEST_ABORTED` where the
   * caller took it back, and what the work throws.
   */
  async run<Result>(caller: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.isStopped) throw stopping()
    if (this.controllers.size >= this.callsMax)
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${this.controllers.size} calls are being worked on` })
    const controller = new AbortController()
    const leave = (): void =>
      controller.abort(new CodedError('REQUEST_ABORTED', { message: 'The call was taken back' }))
    const timer = setTimeout(() => {
      controller.abort(new CodedError('GATEWAY_TIMEOUT', { message: `The call took longer than ${this.timeoutMs} ms` }))
    }, this.timeoutMs)
    this.controllers.add(controller)
    caller.addEventListener('abort', leave, { once: true })
    if (caller.aborted) leave()
    try {
      return await work(controller.signal)
    } catch (error: unknown) {
      throw controller.signal.aborted ? controller.signal.reason : error
    } finally {
      clearTimeout(timer)
      caller.removeEventListener('abort', leave)
      this.controllers.delete(controller)
    }
  }

  /** Takes no more, and ends those that run. */
  stop(): void {
    this.isStopped = true
    for (const controller of this.controllers) controller.abort(stopping())
  }
}

function stopping(): CodedError {
  return new CodedError('GATEWAY_STOPPING', { message: 'The node is stopping' })
}

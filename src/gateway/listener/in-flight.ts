/** Requests that are being served: each can be aborted, and somebody can wait until none is left. */
export class InFlight {
  private readonly controllers = new Set<AbortController>()
  private workCount = 0
  private whenIdle: (() => void) | undefined

  /** Requests that cost work, for a bound on how many there are. */
  get work(): number {
    return this.workCount
  }

  /** Counts one until `end` is called. */
  begin(controller: AbortController, isWork: boolean): { readonly end: () => void } {
    this.controllers.add(controller)
    if (isWork) this.workCount += 1
    return {
      end: () => {
        if (!this.controllers.delete(controller)) return
        if (isWork) this.workCount -= 1
        if (this.controllers.size === 0) this.whenIdle?.()
      },
    }
  }

  /** Counts further work of a request that is counted already, until `end` is called. */
  beginMore(count: number): { readonly end: () => void } {
    this.workCount += count
    let isEnded = false
    return {
      end: () => {
        if (!isEnded) this.workCount -= count
        isEnded = true
      },
    }
  }

  /** Aborts all. `reason` makes what each of them is told. */
  abort(reason: () => unknown): void {
    for (const controller of this.controllers) controller.abort(reason())
  }

  /** Resolves when none is left, at the latest after this time. */
  async idle(deadlineMs: number): Promise<void> {
    if (this.controllers.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs)
      this.whenIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

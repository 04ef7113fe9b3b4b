import type { SandboxEnd } from '../../ports/sandbox-runtime.ts'

export type RunEndingInit = {
  /** From now, milliseconds. */
  readonly wallMs: number
  readonly signal?: AbortSignal | undefined
  /** Ends the program, at once and all of it. Called at most once. */
  readonly stop: () => void
}

/** Why a run ends: the first reason stands, whatever the dying program does afterwards. */
export class RunEnding {
  private readonly init: RunEndingInit
  private readonly deadline: NodeJS.Timeout
  private first: SandboxEnd | undefined

  constructor(init: RunEndingInit) {
    this.init = init
    this.deadline = setTimeout(() => this.end('time'), init.wallMs)
    if (init.signal?.aborted === true) this.end('cancelled')
    else init.signal?.addEventListener('abort', this.cancel, { once: true })
  }

  /** `undefined`: nothing ended it so far. */
  get reason(): SandboxEnd | undefined {
    return this.first
  }

  end(reason: SandboxEnd): void {
    if (this.first !== undefined) return
    this.first = reason
    this.close()
    this.init.stop()
  }

  /** The program ended by itself, and nothing may end it any more. @returns Why it ended. */
  settle(reason: SandboxEnd): SandboxEnd {
    this.close()
    this.first ??= reason
    return this.first
  }

  private readonly cancel = (): void => this.end('cancelled')

  private close(): void {
    clearTimeout(this.deadline)
    this.init.signal?.removeEventListener('abort', this.cancel)
  }
}

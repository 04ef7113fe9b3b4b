import { Session } from 'node:inspector'

/** Tells when code was reached that had not been reached before: V8's own account of blocks, so that sources run as they are. */
export class ReachedCode implements Disposable {
  readonly #session = new Session()
  readonly #seen = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  }

  /** Whether there was more since the last call. */
  hasMore(): boolean {
    let isMore = false
    for (const { url, functions } of this.#take()) {
      if (!url.includes('/src/')) continue
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${url}:${startOffset}:${endOffset}:${count > 0}`
          if (this.#seen.has(block)) continue
          this.#seen.add(block)
          isMore = true
        }
      }
    }
    return isMore
  }

  [Symbol.dispose](): void {
    this.#session.disconnect()
  }

  #take(): readonly ScriptCoverage[] {
    const answer = this.#post('Profiler.takePreciseCoverage') as { readonly result: readonly ScriptCoverage[] }
    return answer.result
  }

  /** The session answers before the call is over. */
  #post(method: string, parameters: Readonly<Record<string, unknown>> = {}): unknown {
    let answer: unknown
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw error
      answer = result
    })
    return answer
  }
}

type ScriptCoverage = {
  readonly url: string
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[]
  }[]
}

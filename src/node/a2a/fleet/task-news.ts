import type { AgentTaskName } from '../../../ports/agent-task-store.ts'
import type { Timers } from '../../../ports/timers.ts'

/** Waits for changes of one task. */
export type TaskNews = {
  /** Resolves with the next change, at once where there was one since the last call; after so long; or when the signal is aborted. */
  next(waitMs: number, signal?: AbortSignal): Promise<void>
  /** Idempotent. */
  end(): void
}

/** Who waits for changes of which task. */
export class TaskNewsDesk {
  readonly #timers: Timers
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** From now on no change is missed. */
  follow(name: AgentTaskName): TaskNews {
    const key = keyOf(name)
    const listeners = this.#listeners.get(key) ?? new Set<() => void>()
    this.#listeners.set(key, listeners)
    let isNew = false
    let wake: (() => void) | undefined
    const listener = (): void => {
      isNew = true
      wake?.()
    }
    listeners.add(listener)
    const wait = async (waitMs: number, signal: AbortSignal | undefined): Promise<void> =>
      await new Promise<void>((resolve) => {
        const timer = this.#timers.schedule(waitMs, () => wake?.())
        wake = () => {
          timer.cancel()
          signal?.removeEventListener('abort', listener)
          wake = undefined
          resolve()
        }
        signal?.addEventListener('abort', listener, { once: true })
      })
    return {
      next: async (waitMs, signal) => {
        if (!isNew && signal?.aborted !== true) await wait(waitMs, signal)
        isNew = false
      },
      end: () => {
        listeners.delete(listener)
        if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key)
        wake?.()
      },
    }
  }

  /** `undefined`: any task may have changed. */
  tell(name: AgentTaskName | undefined): void {
    const told = name === undefined ? [...this.#listeners.values()] : [this.#listeners.get(keyOf(name)) ?? []]
    for (const listeners of told) for (const listener of listeners) listener()
  }
}

function keyOf({ owner, id }: AgentTaskName): string {
  return `${owner}/${id}`
}

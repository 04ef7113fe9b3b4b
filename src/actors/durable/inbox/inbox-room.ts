export type InboxRoomInit = {
  /** Runs a task when the code under way is done. */
  readonly soon: (task: () => void) => void
  /** Whether the next one has its answer now: there is room, or there never will be. */
  readonly isDecided: (id: string) => boolean
}

type Waiting = {
  /** Takes its place in the inbox, or throws. */
  readonly accept: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Who waits for room in the inbox of an actor: first come, first served. */
export class InboxRoom {
  readonly #init: InboxRoomInit
  readonly #waiting = new Map<string, Set<Waiting>>()
  readonly #changed = new Set<string>()

  constructor(init: InboxRoomInit) {
    this.#init = init
  }

  isAwaited(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Resolves when `accept` has run, rejects with what it throws, or with the reason of the signal. */
  async wait(id: string, accept: () => void, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { accept, resolve, reject }
    const all = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, all.add(waiting))
    const leave = (): void => {
      this.#remove(id, waiting)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', leave, { once: true })
    this.changed(id)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  /** There may be room now, or nobody who makes any. */
  changed(id: string): void {
    if (!this.#waiting.has(id) || this.#changed.has(id)) return
    this.#changed.add(id)
    this.#init.soon(() => {
      this.#changed.delete(id)
      this.#admit(id)
    })
  }

  /** Nobody gets room any more. */
  close(error: unknown): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const each of all) for (const { reject } of each) reject(error)
  }

  #admit(id: string): void {
    for (const waiting of this.#waiting.get(id) ?? []) {
      if (!this.#init.isDecided(id)) return
      this.#remove(id, waiting)
      try {
        waiting.accept()
        waiting.resolve()
      } catch (error: unknown) {
        waiting.reject(error)
      }
    }
  }

  #remove(id: string, waiting: Waiting): void {
    const all = this.#waiting.get(id)
    all?.delete(waiting)
    if (all?.size === 0) this.#waiting.delete(id)
  }
}

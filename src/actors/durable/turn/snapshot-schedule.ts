import type { StoredState } from '../state/durable-actor.ts'

const SNAPSHOT_EVERY_DEFAULT = 256

/** When the whole state of an actor is written again: after so many commits, if the changes since weigh as much as it. */
export class SnapshotSchedule {
  readonly #every: number
  #commits = 0
  #bytes = 0
  #snapshotBytes = 0

  /** @param every  Commits. Default 256. */
  constructor(every: number = SNAPSHOT_EVERY_DEFAULT) {
    this.#every = every
  }

  /** Goes on from a state that was read back. */
  resume(state: StoredState): void {
    if (state.kind === 'packed') this.#snapshotBytes = state.bytes.length
    if (state.kind !== 'live') this.#commits = state.deltas.length
  }

  get isDue(): boolean {
    return this.#commits >= this.#every && this.#bytes >= this.#snapshotBytes
  }

  /** A commit was written. */
  note({ isSnapshot, bytes }: { readonly isSnapshot: boolean; readonly bytes: number }): void {
    if (isSnapshot) this.#snapshotBytes = bytes
    this.#commits = isSnapshot ? 0 : this.#commits + 1
    this.#bytes = isSnapshot ? 0 : this.#bytes + bytes
  }
}

import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import { SCORES_MAX } from './limits.ts'

/** When peers left that were connected; those that left first are forgotten first. */
export class LastSeen {
  private readonly departures = new Map<Did, Timestamp>()

  note(peer: Did, at: Timestamp): void {
    this.departures.delete(peer)
    this.departures.set(peer, at)
    const [earliest] = this.departures.keys()
    if (this.departures.size > SCORES_MAX && earliest !== undefined) this.departures.delete(earliest)
  }

  of(peer: Did): Timestamp | undefined {
    return this.departures.get(peer)
  }
}

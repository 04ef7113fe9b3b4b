import type { SupervisionEvent } from '../../actors/supervision/supervision-event.ts'
import { outgoingError } from '../outgoing-text.ts'

/** Events that are kept in memory. */
const EVENTS_MAX = 500
const MESSAGE_LENGTH_MAX = 2_000

/** What a supervisor saw or did, in short and without secrets. */
export type SupervisionRow = {
  readonly seq: number
  readonly at: number
  readonly type: SupervisionEvent['type']
  readonly actor: string
  /** Absent where nothing failed. */
  readonly message?: string
}

/** The last events of all supervisors, newest last. */
export class SupervisionFeed {
  private readonly events: SupervisionRow[] = []
  private nextSeq = 0

  take(event: SupervisionEvent, at: number): void {
    const { type, id, error } = event
    const message = error === undefined ? undefined : outgoingError(error).message.slice(0, MESSAGE_LENGTH_MAX)
    this.events.push({ seq: this.nextSeq, at, type, actor: id, ...(message !== undefined && { message }) })
    this.nextSeq += 1
    if (this.events.length > EVENTS_MAX) this.events.shift()
  }

  get rows(): readonly SupervisionRow[] {
    return this.events
  }

  /** How many there were since the start. */
  get count(): number {
    return this.nextSeq
  }
}

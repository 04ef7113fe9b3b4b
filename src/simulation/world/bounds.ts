import { CodedError } from '../../base/errors.ts'

/** How much may happen at one virtual instant: more than any world has to do, and less than a reader waits for. */
const INSTANT_MAX = 10_000_000

export type BoundsInit = {
  /** Nothing happens any more behind so many events. Default: no end. */
  readonly eventsMax?: number
  /** Events, handled messages and turns at one virtual instant. Default 10,000,000. */
  readonly instantMax?: number
}

/** How much may happen in a world. */
export class WorldBounds {
  /** Events that may have happened before somebody has to look: the nearer of both ends. */
  eventsEnd: number
  /** Something goes on for ever at this instant. */
  stuck: CodedError | undefined
  /** Whether something was to happen behind the end of events, and did not. */
  hasRefused = false
  private readonly eventsMax: number
  private readonly instantMax: number
  /** Turns at this instant, which are no events. */
  private turns = 0
  private instantStart = 0
  /** Who was last heard of. */
  private address = ''

  constructor({ eventsMax = Number.POSITIVE_INFINITY, instantMax = INSTANT_MAX }: BoundsInit) {
    if (!(eventsMax >= 0) || !(instantMax >= 1))
      throw new RangeError(
        `Events are 0 or more and those of one instant 1 or more, not ${eventsMax} and ${instantMax}`,
      )
    this.eventsMax = eventsMax
    this.instantMax = instantMax
    this.eventsEnd = Math.min(eventsMax, instantMax)
  }

  /** Another instant begins, `events` have happened before. */
  nextInstant(events: number): void {
    this.instantStart = events
    this.turns = 0
    this.eventsEnd = Math.min(this.eventsMax, events + this.instantMax)
  }

  /** Whether the next event may not happen; where it is one too many of an instant, the world is stuck. */
  isOver(events: number, address: string): boolean {
    if (events < this.eventsEnd) return false
    if (events < this.eventsMax) this.stick(address)
    this.hasRefused = true
    return true
  }

  /** A task that is no event has its turn. False: there were too many. */
  turn(events: number): boolean {
    this.turns += 1
    if (this.turns + events - this.instantStart > this.instantMax) this.stick(this.address)
    return this.stuck === undefined
  }

  heardOf(address: string): void {
    this.address = address
  }

  private stick(address: string): void {
    this.stuck ??= new CodedError('SIMULATION_STUCK', {
      message: `More than ${this.instantMax} things happen at one virtual instant, the last of them at ${address === '' ? 'no address' : address}`,
      details: { address },
    })
  }
}

import type { AccessDoor } from '../../node/access/access-door.ts'
import type { RateHold } from '../../node/access/rate-meter.ts'
import type { AuthenticatedCaller } from './authenticate.ts'
import type { TrackedRequests } from './tracked-requests.ts'

export type FurtherWorkComponents = {
  readonly requests: Pick<TrackedRequests, 'trackMore'>
  /** Absent: no key has rates. */
  readonly door: Pick<AccessDoor, 'begin'> | undefined
}

/** Work that one request brings besides its first task: each counts as a request of its own, against what the node takes at one time and against the rates of its key. */
export class FurtherWork {
  readonly #components: FurtherWorkComponents

  constructor(components: FurtherWorkComponents) {
    this.#components = components
  }

  /**
   * Takes room for so many tasks more, or for none.
   *
   * @returns What the rates say now, and how the room is given back.
   *
   * Throws `GATEWAY_OVERLOADED`, `ACCESS_RATE_LIMITED`, and `STORE_*` where rates are shared.
   */
  async begin({ access }: AuthenticatedCaller, count: number): Promise<RateHold> {
    const { requests, door } = this.#components
    const room = requests.trackMore(count)
    try {
      const held = (access && (await door?.begin(access, count))) ?? NOTHING_HELD
      const end = (): void => {
        room.end()
        held.end()
      }
      return { headers: held.headers, end }
    } catch (error: unknown) {
      room.end()
      throw error
    }
  }
}

const NOTHING_HELD: RateHold = Object.freeze({ headers: [], end: () => undefined })

import type { EffectiveAccess } from '../../core/access/effective-access.ts'
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
    const room = this.#components.requests.trackMore(count)
    const held: RateHold[] = []
    const end = (): void => {
      room.end()
      for (const hold of held) hold.end()
    }
    try {
      for (let place = 0; access !== undefined && place < count; place += 1) held.push(await this.#take(access))
    } catch (error: unknown) {
      end()
      throw error
    }
    return { headers: held.at(-1)?.headers ?? [], end }
  }

  async #take(access: EffectiveAccess): Promise<RateHold> {
    const { door } = this.#components
    return (await door?.begin(access)) ?? NOTHING_HELD
  }
}

const NOTHING_HELD: RateHold = Object.freeze({ headers: [], end: () => undefined })

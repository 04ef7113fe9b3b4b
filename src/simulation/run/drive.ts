import { CodedError } from '../../base/errors.ts'
import type { World } from '../world/world.ts'

/** Thrown by `drive` where the world's events are over before what it waits for is done. */
export class EventsOver extends Error {}

export type DriveLimits = {
  /** Virtual milliseconds. Default an hour. */
  readonly forMs?: number
  /** Ends the wait with its reason; looked at every so many events. */
  readonly signal?: AbortSignal | undefined
  /** Called at each of these looks. */
  readonly onLook?: () => void
}

/** Events between two looks at the signal. */
const LOOK_EVERY = 512

/**
 * Lets a world happen until something in it is done. Somebody else's pause does not end it.
 *
 * @throws `SIMULATION_STUCK` when nothing happens any more and it is not, or so many virtual milliseconds have passed; the signal's reason.
 */
export async function drive<Result>(
  world: World,
  work: Promise<Result>,
  { forMs = 3_600_000, signal, onLook }: DriveLimits = {},
): Promise<Result> {
  const done = { isDone: false }
  const onEnd = (): void => {
    done.isDone = true
    // The world comes back behind the event that this was done in.
    world.pause()
  }
  work.then(onEnd, onEnd)
  const untilMs = world.nowMs() + forMs
  while (!done.isDone) {
    signal?.throwIfAborted()
    const end = await world.run({ untilMs, eventsMax: LOOK_EVERY })
    onLook?.()
    if (done.isDone || end === 'paused') continue
    if (world.hasRefused || (end === 'events' && world.isOver)) throw new EventsOver('The events of the world are over')
    if (end === 'events') continue
    const why = end === 'quiet' ? 'nothing happens in the world any more' : `${forMs} virtual ms have passed`
    throw new CodedError('SIMULATION_STUCK', { message: `What the world waits for does not come: ${why}` })
  }
  return await work
}

import { CodedError } from '../../base/errors.ts'
import type { World } from '../world/world.ts'

/**
 * Lets a world happen until something in it is done.
 *
 * @throws `SIMULATION_STUCK` when nothing happens any more and it is not, or so many virtual milliseconds have passed.
 */
export async function drive<Result>(world: World, work: Promise<Result>, forMs = 3_600_000): Promise<Result> {
  let isDone = false
  const onEnd = (): void => {
    isDone = true
    // The world comes back behind the event that this was done in.
    world.pause()
  }
  work.then(onEnd, onEnd)
  const end = await world.run({ untilMs: world.nowMs() + forMs })
  if (!isDone && end !== 'paused') {
    const why = end === 'quiet' ? 'nothing happens in the world any more' : `${forMs} virtual ms have passed`
    throw new CodedError('SIMULATION_STUCK', { message: `What the world waits for does not come: ${why}` })
  }
  return await work
}

import type { World } from '../../src/simulation/world/world.ts'

/** Lets a world happen, event by event, until something is done. */
export async function during<Result>(world: World, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  done.catch(() => undefined)
  while (!isDone)
    if ((await world.run({ eventsMax: 1 })) === 'quiet' && !isDone) throw new Error('Nothing happens any more')
  return await done
}

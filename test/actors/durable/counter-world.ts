import { ControlledLog } from './controlled-log.ts'
import { World } from './durable-world.ts'
import type { WorldAgent, WorldInit } from './durable-world.ts'

type Event = { readonly type: string; readonly by?: number; readonly to?: string }
export type Count = { readonly count: number; readonly seen?: readonly string[] }

export const COUNTER: WorldAgent = {
  name: 'counter',
  version: 1,
  initial: { count: 0 },
  handle(state: Count, event, actions) {
    const { type, by = 1, to } = event as Event
    if (type === 'fail') throw new Error('no')
    if (type === 'unstorable') return { ...state, run: () => 1 }
    if (to !== undefined) actions.send(to, { type: 'add', by })
    actions.reply(`${type} ${state.count + by}`)
    return { ...state, count: state.count + by }
  },
}

/** The same store after the process died: nothing of the first world is used any more. */
export async function restartCounter(world: World, init: Partial<WorldInit> = {}): Promise<World> {
  world.isDead = true
  const log = world.log instanceof ControlledLog ? world.log.inner : world.log
  return await World.open({ agents: [COUNTER], log, ...init })
}

import { World } from '../durable-world.ts'
import type { WorldActions, WorldAgent, WorldInit } from '../durable-world.ts'

export const HOUR = 3_600_000
type Seen = { readonly seen: readonly unknown[] }
type Command = { readonly type: string; readonly run?: string }

/** Does what it is told, and remembers every event that is not a command. */
export function recorder(commands: Readonly<Record<string, (actions: WorldActions) => void>>): WorldAgent {
  return {
    name: 'recorder',
    version: 1,
    initial: { seen: [] },
    handle(state: Seen, event, actions) {
      const { run } = event as Command
      if (run === undefined) return { seen: [...state.seen, event] }
      commands[run]?.(actions)
      return state
    },
  }
}

export async function openRecorder(agent: WorldAgent, init: Partial<WorldInit> = {}): Promise<World> {
  const world = await World.open({ agents: [agent], ...init })
  world.spawn('recorder', 'a')
  await world.settle()
  return world
}

export const tell = (world: World, run: string): void => world.send('a', { type: 'command', run })
export const seenBy = (world: World): readonly unknown[] => (world.stateOf('a') as Seen).seen

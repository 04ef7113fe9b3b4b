import { createActorSystem, defineAgent, type ActorRef, type AgentDefinition } from 'kernell-os/actors'
import type { AnyActorScope } from 'xstate'
import type { Birth, Held, Host } from './host.ts'

/** What an actor of ours sees as itself, beyond what XState's types say. */
type Spawner = ActorRef & { spawn(agent: AgentDefinition, birth: Birth<unknown>): ActorRef }

/** The actors of this package with default options. */
export function createKernellHost(): Host {
  const system = createActorSystem({})
  const self = (scope: AnyActorScope): Spawner => scope.self as unknown as Spawner
  return {
    define: (name, logic, atBound) => ({
      logic,
      definition: defineAgent({ name, version: 1, logic, ...(atBound === undefined ? {} : { mailbox: { atBound } }) }),
    }),
    spawn: (kind, birth) => system.spawn(kind.definition as AgentDefinition, birth) as unknown as Held<never, never>,
    spawnChild: (scope, kind, birth) => self(scope).spawn(kind.definition as AgentDefinition, birth),
    stopAll: async (actors) => {
      await Promise.all((actors as readonly ActorRef[]).map((actor) => actor.stop()))
    },
    stopSelf: (scope) => void self(scope).stop(),
    stopFinishedChild: (scope) => void self(scope).stop(),
    stopChildren: () => undefined,
    has: (id) => system.get(id) !== undefined,
    canFind: (id, actor) => system.get(id) === actor,
    close: () => system.stop(),
  }
}

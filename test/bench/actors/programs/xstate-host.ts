import { type AnyActorLogic, type AnyActorRef, type AnyActorScope, createActor, fromTransition } from 'xstate'
import type { Host } from './host.ts'

/**
 * XState as it is, in the cheapest form that it has: all actors are made with `createActor(logic, { parent })` below one root, so that they share a
 * system. Its documented ways cost more: a root for each actor is a system for each, and `spawnChild` copies its siblings each time.
 */
export function createXStateHost(): Host {
  const root = openRoot()
  const start = (logic: AnyActorLogic, options: object): AnyActorRef => createActor(logic, options).start()
  return {
    define: (_name, logic) => ({ logic, definition: logic }),
    spawn: ({ logic }, birth) => start(logic, { ...birth, parent: root.self }),
    spawnChild: (scope, { logic }, birth) => start(logic, { ...birth, parent: scope.self }),
    stopAll: (actors) => {
      for (const actor of actors) root.stopChild(actor as AnyActorRef)
      return Promise.resolve()
    },
    stopSelf: ({ self }) => root.stopChild(self),
    stopFinishedChild: () => undefined,
    stopChildren: (scope: AnyActorScope, children) => {
      for (const child of children) scope.stopChild(child as AnyActorRef)
    },
    has: () => false,
    canFind: () => true,
    close: () => Promise.resolve(),
  }
}

/** A root and what its own turn sees. */
function openRoot(): AnyActorScope {
  const seen: AnyActorScope[] = []
  const root = createActor(
    fromTransition((state: number, _event: { readonly type: 'show' }, scope) => {
      seen.push(scope)
      return state
    }, 0),
  )
  root.start().send({ type: 'show' })
  const [scope] = seen
  if (scope === undefined) throw new Error('XState handles messages to a root at once')
  return scope
}

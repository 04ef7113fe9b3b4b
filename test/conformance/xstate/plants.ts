import { createActor as createXStateActor, type AnyActor } from 'xstate'

type CreateActor = typeof createXStateActor
type Send = AnyActor['send']

/** A fault on purpose, to see that the comparison finds it: makes the `createActor` under test another one. */
type Plant = (create: CreateActor) => CreateActor

/** By name; what each of them breaks. */
const PLANTS: Readonly<Record<string, Plant>> = {
  // Every actor is XState's own: all tests pass, only the census can tell.
  'xstate-runs': () => createXStateActor,
  'loses-every-third-event': (create) =>
    changed(create, (actor) => {
      const send: Send = actor.send.bind(actor)
      let sent = 0
      actor.send = (event) => {
        sent += 1
        if (sent % 3 !== 0) send(event)
      }
    }),
  'does-not-stop': (create) =>
    changed(create, (actor) => {
      actor.stop = () => actor
    }),
  'shows-the-first-snapshot': (create) =>
    changed(create, (actor) => {
      const first: unknown = actor.getSnapshot()
      actor.getSnapshot = () => first
    }),
}

export function isPlant(name: string): boolean {
  return Object.hasOwn(PLANTS, name)
}

export function listPlants(): readonly string[] {
  return Object.keys(PLANTS)
}

/** `create` itself for the empty name. */
export function withPlant(name: string, create: CreateActor): CreateActor {
  return PLANTS[name]?.(create) ?? create
}

function changed(create: CreateActor, change: (actor: AnyActor) => void): CreateActor {
  return (...given) => {
    const actor = create(...given)
    change(actor)
    return actor
  }
}

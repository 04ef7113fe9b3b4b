import type { AgentDefinition, SpawnOptions } from '../../actors/agent-definition.ts'
import type { ActorRef } from '../../actors/actor-ref.ts'
import type { Behaviour, Cell } from '../../actors/cell/cell.ts'
import type { SystemExtension } from '../../actors/system/system-extension.ts'

/** Several extensions as one: the first that knows an answer gives it, and the last is stopped first. */
export function joinExtensions(extensions: readonly SystemExtension[]): SystemExtension {
  const ready = Promise.all(extensions.map(async (extension) => await extension.ready)).then(() => {})
  // Whoever uses what is not there hears of it, and so does whoever waits for `ready`.
  ready.catch(() => {})
  const first = (ask: (extension: SystemExtension) => ActorRef | undefined): ActorRef | undefined => {
    for (const extension of extensions) {
      const found = ask(extension)
      if (found !== undefined) return found
    }
    return undefined
  }
  return {
    ready,
    place: (definition: AgentDefinition, options: SpawnOptions) => first((each) => each.place(definition, options)),
    find: (id: string) => first((each) => each.find(id)),
    wrap: (definition: AgentDefinition, behaviour: Behaviour, parent: Cell) =>
      extensions.reduce((wrapped, extension) => extension.wrap(definition, wrapped, parent), behaviour),
    settling() {
      const settling = extensions.map((extension) => extension.settling?.()).filter((each) => each !== undefined)
      return settling.length === 0 ? undefined : Promise.all(settling).then(() => {})
    },
    async stop(drainLeftMs) {
      const failures: unknown[] = []
      for (const extension of extensions.toReversed()) {
        await extension.stop(drainLeftMs).catch((error: unknown) => void failures.push(error))
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

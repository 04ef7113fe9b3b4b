import { CodedError } from '../../base/errors.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import type { NodeA2a, NodeA2aInit } from './node-a2a.ts'
import type { A2aParts } from './a2a-parts.ts'

/** What the node hands on when it is whole. */
export type A2aLate = Pick<A2aParts, 'router' | 'listModels'>

/** What is opened when the first agent asks: most nodes load none of it. */
export type A2aOnDemand = {
  open(late: A2aLate, init?: NodeA2aInit): Promise<NodeA2a>
  /** Deletes stored tasks, also where nobody has asked for one. */
  erase(what: TelemetryPurge): Promise<number>
  close(): Promise<void>
}

export function createA2aOnDemand(parts: Omit<A2aParts, keyof A2aLate>): A2aOnDemand {
  let opening: Promise<NodeA2a> | undefined
  let isClosed = false
  return {
    async open(late, init = {}) {
      if (isClosed) throw new CodedError('A2A_NOT_OPEN', { message: 'The node is closed' })
      opening ??= (async () => {
        const { openA2a } = await import('./open-a2a.ts')
        return await openA2a({ ...parts, ...late }, init)
      })()
      try {
        return await opening
      } catch (error) {
        // What kept it from opening may be gone with the next try.
        opening = undefined
        throw error
      }
    },
    async erase(what) {
      if (opening !== undefined) return await (await opening).erase(what)
      const { openTasks } = await import('./open-tasks.ts')
      const { erase, fleet } = await openTasks(parts, { admit: async () => undefined })
      try {
        return await erase(what)
      } finally {
        await fleet?.stop()
      }
    },
    async close() {
      isClosed = true
      const a2a = await opening?.catch(() => undefined)
      await a2a?.stop()
    },
  }
}

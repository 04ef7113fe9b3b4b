import type { WorldProcess } from '../world/world-process.ts'
import type { World } from '../world/world.ts'

export type WaitInit = {
  /** `undefined`: until somebody gives up. */
  readonly ms: number | undefined
  readonly owner: WorldProcess
  /** What it is in traces. */
  readonly kind: string
  readonly signal: AbortSignal | undefined
  /** Called in the place of an end when the process has died meanwhile; who died hears nothing. */
  readonly onDeath?: () => void
}

/** Waits for virtual time outside of a process. Rejects with the signal's reason; never settles for a process that is dead. */
export async function waitInWorld(world: World, { ms, owner, kind, signal, onDeath }: WaitInit): Promise<void> {
  await new Promise<void>((resolve) => {
    const leave = (): void => {
      event?.cancel()
      resolve()
    }
    const end = (): void => {
      signal?.removeEventListener('abort', leave)
      if (owner.isAlive) resolve()
      else onDeath?.()
    }
    const event = ms === undefined ? undefined : world.schedule(ms, { kind, run: end })
    signal?.addEventListener('abort', leave, { once: true })
  })
  signal?.throwIfAborted()
}

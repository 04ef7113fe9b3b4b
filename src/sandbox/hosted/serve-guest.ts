import { parentPort } from 'node:worker_threads'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { JsonValue } from '../../ports/sandbox-runtime.ts'
import { GuestSide, type GuestWindowBuffers } from './guest-window.ts'
import type { GuestMessage } from './messages.ts'

/** What one run gets. */
export type GuestRun = {
  readonly limits: SandboxLimits
  readonly job: JsonValue
  readonly parts: readonly Uint8Array[]
  readonly window: GuestSide
  /** Told right before code of the program runs for the first time. */
  readonly begin: () => void
  /** Hands out what the next run of the same program would work out again. */
  readonly keep: (note: JsonValue, parts: readonly Uint8Array[]) => void
}

export type GuestEnd = Extract<GuestMessage, { type: 'end' | 'refused' }>

/** Runs one kind of program in the thread of a guest. */
export type GuestEngine = {
  /** Loads and compiles what every run needs. */
  warm(): Promise<void>
  run(run: GuestRun): GuestEnd | Promise<GuestEnd>
}

type Given = {
  readonly limits: SandboxLimits
  readonly job: JsonValue
  readonly parts: readonly Uint8Array[]
  readonly buffers: GuestWindowBuffers
}

/** The life of a guest's thread: warm up, take one program, run it, say how it ended. */
export async function serveGuest(engine: GuestEngine): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('A guest is served on a thread of its own.')
  const say = (message: GuestMessage): void => port.postMessage(message)
  port.once('message', ({ buffers, ...given }: Given) => {
    const window = new GuestSide(buffers, given.limits.outputBytes)
    const begin = (): void => say({ type: 'began' })
    const keep: GuestRun['keep'] = (note, parts) => say({ type: 'kept', note, parts })
    const end = Promise.resolve(engine.run({ ...given, window, begin, keep }))
    end.then(say, (error: unknown) => {
      // A fault of the engine and not of the program: the host hears it as that of its thread.
      queueMicrotask(() => {
        throw error
      })
    })
  })
  await engine.warm()
  say({ type: 'ready' })
}

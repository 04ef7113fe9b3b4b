import type { Duplex } from 'node:stream'
import type { SandboxProgram, SandboxRequest, SandboxResult, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import { encodeGuestRequest } from '../guest/encode-request.ts'
import { GuestRun } from '../guest/guest-run.ts'
import type { ContainerSettings } from './container-settings.ts'
import type { EngineClient } from './engine-client.ts'
import { StreamSplitter } from './stream-splitter.ts'

export type ContainerRunInit = {
  readonly engine: EngineClient
  readonly name: string
  readonly settings: ContainerSettings
  readonly request: SandboxRequest
  readonly program: Extract<SandboxProgram, { kind: 'command' }>
  readonly environment: Readonly<Record<string, string>>
  readonly options: SandboxRunOptions & { readonly signal: AbortSignal }
}

const START_WITHIN_MS = 30_000
const COMPLAINT_MAX = 1_024

/** Runs one program in a container of its own. Throws as `SandboxRuntime.run` does; nothing of the container is left then. */
export async function runContainer(init: ContainerRunInit): Promise<SandboxResult> {
  const { engine, name, settings, request, options } = init
  const guest = new GuestRun({ runtime: 'docker', request, options, startWithinMs: START_WITHIN_MS })
  let socket: Duplex | undefined
  try {
    let left: readonly string[] = []
    // Its making is waited for, also by whoever gives up: what is not there yet cannot be taken away.
    try {
      const id = await engine.create(name, settings)
      options.signal.throwIfAborted()
      socket = await engine.attach(id, options.signal)
      listen(socket, guest)
      socket.write(encodeGuestRequest(init, Date.now()))
      // It may say that it has begun before the engine does: from then on it is ended by its own rules.
      await engine.start(id)
      await guest.finished
    } finally {
      socket?.destroy()
      left = (await engine.remove(name)) ? [] : [`container ${name}`]
    }
    return guest.read(left)
  } finally {
    guest.dispose()
  }
}

function listen(socket: Duplex, guest: GuestRun): void {
  let complaint = ''
  const splitter = new StreamSplitter((stream, piece) => {
    if (stream === 'stdout') guest.feed(piece)
    else complaint = (complaint + Buffer.from(piece).toString('latin1')).slice(0, COMPLAINT_MAX)
  })
  socket.on('data', (bytes: Buffer) => {
    try {
      splitter.write(bytes)
    } catch {
      socket.destroy()
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => guest.close(`the container ended by itself. ${complaint.trim()}`.trim()))
}

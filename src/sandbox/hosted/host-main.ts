/**
 * The main thread of a process that hosts one guest, once: it starts the guest's thread, says when that is warm, takes one program, watches it, and says how it ended. The guest
 * never runs here. It ends when whoever started it goes away.
 */
import { Worker } from 'node:worker_threads'
import { encodeFrame, FrameReader } from './frames.ts'
import { createGuestWindow } from './guest-window.ts'
import { GuestWatch } from './guest-watch.ts'
import type { GuestMessage, HostMessage, RunMessage } from './messages.ts'

/** Room for values on their way in and out of a guest; the guest's own memory is elsewhere, and limited there. */
const THREAD_HEAP_MIB = 256
const FRAME_BYTES_MAX = 0xffff_ffff

function say(message: HostMessage, parts: readonly Uint8Array[] = []): void {
  process.stdout.write(encodeFrame(message, parts))
}

function startGuest(url: string): Worker {
  const worker = new Worker(new URL(url), {
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MIB, maxYoungGenerationSizeMb: 32 },
  })
  worker.on('messageerror', () => say({ type: 'broken', message: 'A message of the guest cannot be read.' }))
  return worker
}

function serve(worker: Worker): void {
  let watch: GuestWatch | undefined
  worker.on('message', (message: GuestMessage) => {
    if (message.type === 'ready') say({ type: 'ready' })
    else watch?.hear(message)
  })
  worker.on('error', (error: Error & { readonly code?: string }) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY' && watch !== undefined) watch.end({ reason: 'memory' })
    else say({ type: 'broken', message: error.message })
  })
  worker.on('exit', () => watch?.lose())
  const reader = new FrameReader()
  process.stdin.on('data', (chunk: Buffer) => {
    for (const { header, parts } of reader.push(chunk, FRAME_BYTES_MAX)) {
      const { limits, job } = header as RunMessage
      const buffers = createGuestWindow(limits.outputBytes)
      watch = new GuestWatch({ worker, limits, buffers, say })
      worker.postMessage({ limits, job, parts, buffers })
    }
  })
  // Whoever started this process is gone, in whatever way.
  process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'))
}

serve(startGuest(process.argv[2] ?? ''))

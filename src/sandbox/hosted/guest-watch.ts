import type { Worker } from 'node:worker_threads'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import { type GuestWindowBuffers, WatchSide } from './guest-window.ts'
import type { GuestMessage, HostMessage, HostReason } from './messages.ts'

const TICK_MS = 10
/** What V8 itself takes while a guest runs: compiled code, and values on their way in and out. */
const OWN_MEMORY_BYTES = 50_331_648
/** For reading and translating a program, before its own limit counts. */
const PREPARE_MEMORY_BYTES = 536_870_912

export type GuestWatchInit = {
  readonly worker: Worker
  readonly limits: SandboxLimits
  readonly buffers: GuestWindowBuffers
  readonly say: (message: HostMessage, parts?: readonly Uint8Array[]) => void
}

type Ending = Pick<Extract<GuestMessage, { type: 'end' }>, 'value' | 'files' | 'isCut'>
const NOTHING: Ending = { files: [], isCut: false }

/** Watches one run from the thread beside it: passes on what it says, measures it, and ends it at its limits. */
export class GuestWatch {
  private readonly init: GuestWatchInit
  private readonly window: WatchSide
  private readonly ticks: NodeJS.Timeout
  private memoryAtStart = process.memoryUsage.rss()
  private memoryPeak = this.memoryAtStart
  private cpuAtStart = process.cpuUsage()
  private beganAtMs: number | undefined
  private hasEnded = false

  constructor(init: GuestWatchInit) {
    this.init = init
    this.window = new WatchSide(init.buffers)
    this.ticks = setInterval(() => this.look(), TICK_MS)
  }

  hear(message: GuestMessage): void {
    if (this.hasEnded) return
    switch (message.type) {
      case 'ready':
        return
      case 'kept':
        return this.init.say({ type: 'kept', note: message.note }, message.parts)
      case 'began':
        this.beganAtMs = performance.now()
        this.cpuAtStart = process.cpuUsage()
        this.memoryAtStart = process.memoryUsage.rss()
        this.memoryPeak = this.memoryAtStart
        return this.init.say({ type: 'began' })
      case 'refused':
        this.stopLooking()
        return this.init.say({ type: 'refused', message: message.message })
      case 'end':
        return this.end(message)
    }
  }

  /** Says how it ended, once. What it had said before comes first. */
  end(ended: { readonly reason: HostReason } & Partial<Ending>): void {
    if (this.hasEnded) return
    this.measure()
    this.stopLooking()
    this.passOutputOn()
    const { reason, value, files, isCut } = { ...NOTHING, ...ended }
    const paths = files.map((file) => file.path)
    const { cpuMs } = this
    const memoryBytesPeak = this.memoryPeak - this.memoryAtStart
    this.init.say(
      { type: 'end', reason, ...(value === undefined ? {} : { value }), paths, isCut, cpuMs, memoryBytesPeak },
      files.map((file) => file.bytes),
    )
  }

  /** The thread is gone without a word. */
  lose(): void {
    if (this.hasEnded) return
    this.stopLooking()
    this.init.say({ type: 'broken', message: 'The thread of the guest ended without a word.' })
  }

  private look(): void {
    this.passOutputOn()
    this.measure()
    const { limits } = this.init
    const reached = this.window.limitReached
    if (reached !== undefined) return this.stop(reached)
    const memoryBytesMax = this.beganAtMs === undefined ? PREPARE_MEMORY_BYTES : limits.memoryBytes + OWN_MEMORY_BYTES
    if (this.memoryPeak - this.memoryAtStart > memoryBytesMax) return this.stop('memory')
    if (this.beganAtMs === undefined) return
    if (performance.now() - this.beganAtMs >= limits.wallMs) return this.stop('time')
    if (this.cpuMs >= limits.cpuMs) this.stop('cpu')
  }

  /** Asks the guest to stop and takes its thread away; nobody waits for its consent. */
  private stop(reason: HostReason): void {
    this.window.askToStop()
    this.end({ reason })
    // Whoever started this process kills it in any case.
    this.init.worker.terminate().catch(() => {})
  }

  private get cpuMs(): number {
    const { user, system } = process.cpuUsage(this.cpuAtStart)
    return (user + system) / 1_000
  }

  private measure(): void {
    this.memoryPeak = Math.max(this.memoryPeak, process.memoryUsage.rss())
  }

  private passOutputOn(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const piece = this.window.takeOutput(stream)
      if (piece.byteLength > 0) this.init.say({ type: 'output', stream }, [piece])
    }
  }

  private stopLooking(): void {
    this.hasEnded = true
    clearInterval(this.ticks)
  }
}

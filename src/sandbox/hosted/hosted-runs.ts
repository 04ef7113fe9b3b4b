import { availableParallelism } from 'node:os'
import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { JsonValue, SandboxRunOptions } from '../../ports/sandbox-runtime.ts'
import { RunSlots } from '../process/run-slots.ts'
import { hostArguments, type HostArgumentsInit } from './host-arguments.ts'
import { HostedChild } from './hosted-child.ts'
import { followRun, type HostedOutcome } from './follow-run.ts'

export type HostedRunsInit = {
  /** Processes that are started and warm before anybody asks, once the first run was there. */
  readonly warmMax?: number | undefined
  /** Runs at one time; as many as the machine has processors, where absent. */
  readonly concurrencyMax?: number | undefined
  readonly waitingMax?: number | undefined
}

export type HostedJob = {
  readonly limits: SandboxLimits
  /** What the engine is told. */
  readonly job: JsonValue
  readonly parts: readonly Uint8Array[]
  readonly onKept?: (note: JsonValue, parts: readonly Uint8Array[]) => void
}

export const WARM_MAX_DEFAULT = 1
export const WAITING_MAX_DEFAULT = 64

/** Runs guests of one kind, each in a process that serves once. */
export class HostedRuns {
  private readonly host: HostArgumentsInit
  private readonly warmMax: number
  private readonly slots: RunSlots
  private readonly idle = new Set<HostedChild>()
  private args: readonly string[] | undefined
  private isClosed = false

  constructor(host: HostArgumentsInit, init: HostedRunsInit) {
    this.host = host
    this.warmMax = init.warmMax ?? WARM_MAX_DEFAULT
    this.slots = new RunSlots({
      concurrencyMax: init.concurrencyMax ?? availableParallelism(),
      waitingMax: init.waitingMax ?? WAITING_MAX_DEFAULT,
    })
  }

  /** Throws as `SandboxRuntime.run` does. */
  async run(job: HostedJob, { signal, onOutput }: SandboxRunOptions): Promise<HostedOutcome> {
    const calledAtMs = performance.now()
    return await this.slots.run(signal, async (both) => {
      const child = this.takeChild()
      try {
        const outcome = await followRun({ child, job, calledAtMs, signal: both, onOutput })
        return { ...outcome, leftBehind: await child.end() }
      } finally {
        await child.end()
        this.fill()
      }
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.slots.close()
    await Promise.all([...this.idle].map(async (child) => await child.end()))
    this.idle.clear()
  }

  private takeChild(): HostedChild {
    for (const child of this.idle) {
      this.idle.delete(child)
      if (!child.isAlive) continue
      child.keepAlive(true)
      return child
    }
    return this.startChild()
  }

  private fill(): void {
    while (!this.isClosed && this.idle.size < this.warmMax) {
      const child = this.startChild()
      child.keepAlive(false)
      this.idle.add(child)
    }
  }

  private startChild(): HostedChild {
    this.args ??= hostArguments(this.host)
    return new HostedChild(this.args)
  }
}

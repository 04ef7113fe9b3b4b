import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../base/errors.ts'
import { FrameReader } from '../guest/frame-reader.ts'
import type { OwnedRuns } from '../process/owned-runs.ts'
import type { QemuTools } from './find-qemu.ts'
import type { Acceleration, GuestImage } from './machine-settings.ts'
import { MonitorSession } from './monitor-session.ts'
import { QemuMachine } from './qemu-machine.ts'

export type KeptMachinesInit = {
  readonly tools: QemuTools
  readonly image: GuestImage
  readonly acceleration: Acceleration
  readonly runs: OwnedRuns
  readonly bootWithinMs: number
}

const KEPT_MAX = 3
const BOOT_CPU_SECONDS = 600
const BANDWIDTH = 10_000_000_000
const LOOK_EVERY_MS = 10
const READABLE_BY_THE_MACHINE = 0o666
const PROGRESS = z.object({ status: z.string().optional(), 'error-desc': z.string().optional() })

/**
 * States of machines that have started and wait for their one request, by size. Each run goes on from a copy, which no program has been in; the states are this process's alone and go with it.
 */
export class KeptMachines {
  private readonly init: KeptMachinesInit
  private readonly kept = new Map<number, Promise<string>>()
  private count = 0

  constructor(init: KeptMachinesInit) {
    this.init = init
  }

  /** Path of the state of a machine of that size, which is started where there is none. Throws `SANDBOX_BROKEN` and the signal's reason. */
  async stateOf(memoryBytes: number, signal: AbortSignal): Promise<string> {
    let state = this.kept.get(memoryBytes)
    if (state === undefined) {
      state = this.make(memoryBytes, signal)
      this.kept.set(memoryBytes, state)
      this.dropOldest()
    }
    try {
      return await state
    } catch (error) {
      // It was given up by whoever asked first, or failed: the next one tries again.
      if (this.kept.get(memoryBytes) === state) this.kept.delete(memoryBytes)
      signal.throwIfAborted()
      throw error
    }
  }

  /** A run that has opened one reads on, also when it has no name any more. */
  private dropOldest(): void {
    const [oldest] = this.kept
    if (this.kept.size <= KEPT_MAX || oldest === undefined) return
    this.kept.delete(oldest[0])
    oldest[1].then((path) => rmSync(path, { force: true }), ignore)
  }

  private async make(memoryBytes: number, signal: AbortSignal): Promise<string> {
    const { tools, image, acceleration, runs } = this.init
    const run = runs.open()
    this.count += 1
    const path = join(runs.directory, `state-${this.count}`)
    try {
      writeFileSync(path, '')
      chmodSync(path, READABLE_BY_THE_MACHINE)
      const ready = new Readiness(this.init.bootWithinMs, signal)
      const machine = await QemuMachine.start({
        tools,
        image,
        acceleration,
        memoryBytes,
        keep: path,
        cpuSeconds: BOOT_CPU_SECONDS,
        onFrames: (bytes) => ready.feed(bytes),
      })
      try {
        run.record({ processes: [machine.program.identity], controlGroups: [] })
        machine.program.onEnded(() => ready.fail(`the machine ended: ${machine.complaint}`))
        await ready.promise
        await keep(machine)
      } finally {
        ready.dispose()
        await machine.program.stop()
      }
      return path
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    } finally {
      run.remove()
    }
  }
}

/** The process opens the file anew through its own parent, so that it has not to walk to it. */
async function keep({ program, monitor, keep: file }: QemuMachine): Promise<void> {
  if (monitor === undefined || file === undefined) throw new TypeError('a machine that is kept has a monitor')
  const session = new MonitorSession(program.talk(monitor))
  await session.run('qmp_capabilities')
  await session.run('migrate-set-parameters', { 'max-bandwidth': BANDWIDTH })
  await session.run('migrate', { uri: `exec:exec cat > /proc/$PPID/fd/${file}` })
  for (;;) {
    const { status, 'error-desc': description } = PROGRESS.parse(await session.run('query-migrate'))
    if (status === 'completed') return
    if (status === 'failed' || status === 'cancelled')
      throw new CodedError('SANDBOX_BROKEN', { message: `the state of a machine cannot be kept: ${description ?? ''}` })
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Waits until the supervisor of a machine says that it waits. */
class Readiness {
  readonly promise: Promise<void>
  private readonly settle = Promise.withResolvers<void>()
  private readonly reader = new FrameReader()
  private readonly patience: NodeJS.Timeout
  private readonly signal: AbortSignal

  constructor(withinMs: number, signal: AbortSignal) {
    this.promise = this.settle.promise
    this.promise.catch(ignore)
    this.signal = signal
    this.patience = setTimeout(() => this.fail(`the machine did not start within ${withinMs} ms`), withinMs)
    signal.addEventListener('abort', this.giveUp, { once: true })
    if (signal.aborted) this.giveUp()
  }

  feed(bytes: Uint8Array): void {
    try {
      for (const event of this.reader.read(bytes)) {
        if (event.type === 'ready') this.settle.resolve()
        else this.fail(event.type === 'broken' ? event.message : `it said ${event.type}`)
      }
    } catch (error) {
      this.settle.reject(error)
    }
  }

  fail(message: string): void {
    this.settle.reject(new CodedError('SANDBOX_BROKEN', { message }))
  }

  dispose(): void {
    clearTimeout(this.patience)
    this.signal.removeEventListener('abort', this.giveUp)
  }

  private readonly giveUp = (): void => this.settle.reject(this.signal.reason)
}

function ignore(): void {}

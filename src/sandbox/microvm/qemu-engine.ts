import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SandboxResult } from '../../ports/sandbox-runtime.ts'
import { encodeGuestRequest } from '../guest/encode-request.ts'
import { GuestRun } from '../guest/guest-run.ts'
import type { OwnedRun, OwnedRuns } from '../process/owned-runs.ts'
import type { QemuTools } from './find-qemu.ts'
import { KeptMachines } from './kept-machines.ts'
import type { MachineEngine, MachineRun } from './machine-engine.ts'
import { type Acceleration, type GuestImage, machineBytes } from './machine-settings.ts'
import { QemuMachine } from './qemu-machine.ts'
import { watchCpu } from './watch-cpu.ts'

export type QemuEngineInit = {
  readonly tools: QemuTools
  readonly image: GuestImage
  readonly acceleration: Acceleration
  readonly runs: OwnedRuns
  readonly bootWithinMs: number
  /** Whether machines go on from a kept state, which saves nearly all of an emulated start. */
  readonly keepsMachines: boolean
}

const READABLE_BY_THE_MACHINE = 0o644
const BOOT_CPU_SECONDS = 120

/** Machines of QEMU: with the processor's help, or emulated. */
export function createQemuEngine(init: QemuEngineInit): MachineEngine {
  const kept = init.keepsMachines ? new KeptMachines(init) : undefined
  return {
    version: init.tools.version,
    isEmulated: init.acceleration === 'emulation',
    run: async (run) => {
      const { limits } = run.request.policy
      const memoryBytes = machineBytes(limits, run.request.files ?? [])
      const state = await kept?.stateOf(memoryBytes, run.options.signal)
      run.options.signal.throwIfAborted()
      const owned = run.runs.open()
      try {
        return await runMachine({ init, run, owned, memoryBytes, state })
      } finally {
        owned.remove()
      }
    },
  }
}

type RunningInit = {
  readonly init: QemuEngineInit
  readonly run: MachineRun
  readonly owned: OwnedRun
  readonly memoryBytes: number
  readonly state: string | undefined
}

async function runMachine({ init, run, owned, memoryBytes, state }: RunningInit): Promise<SandboxResult> {
  const { request, options } = run
  const path = join(owned.directory, 'request')
  writeFileSync(path, encodeGuestRequest(run, Date.now()), { mode: READABLE_BY_THE_MACHINE })
  const guest = new GuestRun({
    runtime: 'microvm',
    request,
    options,
    startWithinMs: init.bootWithinMs,
    isCopy: state !== undefined,
  })
  try {
    const machine = await QemuMachine.start({
      tools: init.tools,
      image: init.image,
      acceleration: init.acceleration,
      memoryBytes,
      request: path,
      ...(state !== undefined && { state }),
      cpuSeconds: Math.ceil(request.policy.limits.cpuMs / 1_000) + BOOT_CPU_SECONDS,
      onFrames: (bytes) => guest.feed(bytes),
    })
    owned.record({ processes: [machine.program.identity], controlGroups: [] })
    machine.program.onEnded(() => guest.close(`the machine ended by itself. ${machine.complaint}`))
    const watch = watchCpu(machine.program.identity, guest)
    let left: readonly string[] = []
    try {
      await guest.finished
    } finally {
      clearInterval(watch)
      left = (await machine.program.stop()).map(({ pid }) => `process ${pid}`)
    }
    return guest.read([...left, ...owned.remove()])
  } finally {
    guest.dispose()
  }
}

import { accessSync, constants } from 'node:fs'
import type { OwnedRuns } from '../process/owned-runs.ts'
import { findQemu, type QemuTools } from './find-qemu.ts'
import { createFirecrackerEngine } from './firecracker-engine.ts'
import type { MachineEngine } from './machine-engine.ts'
import type { GuestImage } from './machine-settings.ts'
import { createQemuEngine } from './qemu-engine.ts'

export type FindEngineInit = {
  readonly image: GuestImage
  readonly firecracker: string | undefined
  readonly qemu: string | undefined
  readonly runs: OwnedRuns
  readonly bootWithinMs: number
  readonly signal: AbortSignal
  /** Throws where a program that does nothing does not come to its end. */
  readonly tryOut: (engine: MachineEngine) => Promise<void>
}

/** With the processor's help a machine starts in less than a second; one that does not never will. A device that is there says nothing: machines in machines may be made and never run. */
const HELPED_BOOT_WITHIN_MS = 5_000

/** The first way in which a machine starts and runs a program here. Throws `SANDBOX_UNAVAILABLE`, what the last way threw, and the signal's reason. */
export async function findEngine(init: FindEngineInit): Promise<MachineEngine> {
  for (const path of [init.image.kernel, init.image.initialFiles]) accessSync(path, constants.R_OK)
  const tools = await findQemu(init.qemu)
  for (const make of helpedEngines(init, tools)) {
    try {
      const engine = await make()
      await init.tryOut(engine)
      return engine
    } catch {
      init.signal.throwIfAborted()
    }
  }
  const { image, runs, bootWithinMs } = init
  const emulated = createQemuEngine({
    tools,
    image,
    acceleration: 'emulation',
    runs,
    bootWithinMs,
    keepsMachines: true,
  })
  await init.tryOut(emulated)
  return emulated
}

type MakeEngine = () => MachineEngine | Promise<MachineEngine>

function helpedEngines(init: FindEngineInit, tools: QemuTools): readonly MakeEngine[] {
  if (!tools.hasDevice) return []
  const { image, runs, firecracker } = init
  const bootWithinMs = Math.min(HELPED_BOOT_WITHIN_MS, init.bootWithinMs)
  const qemu: MakeEngine = () =>
    createQemuEngine({ tools, image, acceleration: 'kvm', runs, bootWithinMs, keepsMachines: false })
  if (firecracker === undefined) return [qemu]
  return [async () => await createFirecrackerEngine({ firecracker, tools, image, bootWithinMs }), qemu]
}

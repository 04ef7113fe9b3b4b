import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { MachineHardware } from '../core/models/hardware-fit.ts'

/** Where `probeHardware` looks. Without `findGpus`, or where it fails, the machine has no graphics memory. */
export type HardwareProbeInit = {
  /** Graphics memory by device, from the llama runtime; absent: none is looked for. */
  readonly findGpus?: () => Promise<MachineHardware['gpus']>
  /** Root of the control group files; for tests. Default `/sys/fs/cgroup`. */
  readonly cgroupRoot?: string
}

/** What this process may use of the machine: a container's memory limit counts when it is lower than the machine's memory. */
export async function probeHardware(init: HardwareProbeInit = {}): Promise<MachineHardware> {
  const limitBytes = await readCgroupMemoryLimit(init.cgroupRoot ?? '/sys/fs/cgroup')
  const gpus = (await init.findGpus?.().catch(() => [])) ?? []
  return {
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpuCores: availableParallelism(),
    memoryBytes: Math.min(totalmem(), limitBytes ?? Number.POSITIVE_INFINITY),
    gpus,
  }
}

/** Limit of this control group, version 2 then version 1; `undefined` when there is none or the system has no control groups. */
async function readCgroupMemoryLimit(root: string): Promise<number | undefined> {
  for (const file of [`${root}/memory.max`, `${root}/memory/memory.limit_in_bytes`]) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    const bytes = text === undefined ? Number.NaN : Number(text.trim())
    // "max" is not a number; version 1 writes a huge number for "no limit", which the machine's memory undercuts.
    if (Number.isFinite(bytes) && bytes > 0) return bytes
  }
  return undefined
}

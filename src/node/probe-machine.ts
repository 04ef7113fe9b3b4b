import { builtinModels } from '../core/models/builtin-models.ts'
import { fitModels, type HardwareFit, type MachineHardware, type PowerLevel } from '../core/models/hardware-fit.ts'
import { isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
import { probeHardware } from '../models/hardware-probe.ts'

export type MachineProbe = {
  readonly hardware: MachineHardware
  readonly powerLevel: PowerLevel
  readonly fit: HardwareFit
  /** Every local model that was considered, smallest tier first. */
  readonly considered: readonly ModelEntry[]
}

/** Looks at this machine's memory and processors, and chooses local models of the written table that fit together. Loads no model. */
export async function probeMachine(powerLevel: PowerLevel): Promise<MachineProbe> {
  const hardware = await probeHardware()
  const considered = builtinModels().filter((entry) => isLocalTier(entry.tier))
  return { hardware, powerLevel, fit: fitModels(considered, hardware, powerLevel), considered }
}

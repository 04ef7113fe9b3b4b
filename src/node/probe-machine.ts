import { builtinModels } from '../core/models/builtin-models.ts'
import { fitModels, type HardwareFit, type MachineHardware, type PowerLevel } from '../core/models/hardware-fit.ts'
import { isLocalTier, type ModelEntry } from '../core/models/model-entry.ts'
import { probeHardware } from '../models/hardware-probe.ts'

export type MachineProbe = {
  readonly hardware: MachineHardware
  readonly powerLevel: PowerLevel
  readonly fit: HardwareFit
  /** Every local model that was considered, smallest tier first. */
  readonly models: readonly JudgedModel[]
}

export type JudgedModel = {
  readonly entry: ModelEntry
  /** Of the form that would be loaded, the smallest that there is; `undefined` when the model's size is not known. */
  readonly memoryBytes: number | undefined
  readonly quantisation: string
  readonly fitsAlone: boolean
  readonly isChosen: boolean
}

/** Looks at this machine's memory and processors, and chooses local models of the written table that fit together. Loads no model. */
export async function probeMachine(powerLevel: PowerLevel): Promise<MachineProbe> {
  const hardware = await probeHardware()
  const considered = builtinModels().filter((entry) => isLocalTier(entry.tier))
  const fit = fitModels(considered, hardware, powerLevel)
  return { hardware, powerLevel, fit, models: judgeAlone(considered, { hardware, powerLevel, fit }) }
}

/** Each model's own size, whether it fits with nothing beside it, and whether it is among those chosen to fit together. */
function judgeAlone(
  considered: readonly ModelEntry[],
  { hardware, powerLevel, fit }: Omit<MachineProbe, 'models'>,
): readonly JudgedModel[] {
  const unbounded = { ...hardware, gpus: [], memoryBytes: Number.MAX_SAFE_INTEGER }
  return considered.map((entry) => {
    const whole = fitModels([entry], unbounded, powerLevel).fitted[0]
    const fitted = fitModels([entry], hardware, powerLevel).fitted[0] ?? whole
    return {
      entry,
      memoryBytes: fitted?.memoryBytes,
      quantisation: fitted?.quantisation ?? '-',
      fitsAlone: fitted !== undefined && fitted.memoryBytes <= fit.budgetBytes,
      isChosen: fit.fitted.some(({ id }) => id === entry.id),
    }
  })
}

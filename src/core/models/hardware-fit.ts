import { assert } from '../../base/assert.ts'
import { isLocalTier, modelTierRank, type ModelEntry, type ModelMemory, type Quantisation } from './model-entry.ts'

/** Share of the machine's memory that local models together may take. */
export const POWER_LEVELS = { minimal: 0.25, balanced: 0.4, powerful: 0.55, maximum: 0.7 } as const

/** How much of the machine's memory the operator gives to local models, by a name of `POWER_LEVELS`: 25, 40, 55 or 70 %. */
export type PowerLevel = keyof typeof POWER_LEVELS

/** What a probe found. Bytes; `gpus` is empty without a usable accelerator. */
export type MachineHardware = {
  readonly cpuModel: string
  readonly cpuCores: number
  /** Memory that this process may use: the machine's, or the container's limit when that is lower. */
  readonly memoryBytes: number
  readonly gpus: readonly { readonly name: string; readonly memoryBytes: number }[]
}

/** Buckets of telemetry. */
export type RamBucket = '4gb' | '8gb' | '16gb' | '32gb' | '64gb+'

const GIBIBYTE = 1_073_741_824

/** Bytes per parameter with the usual overhead of each format (scales, tables), and a context of a few thousand tokens. */
const BYTES_PER_PARAMETER: Readonly<Record<Quantisation, number>> = { q4: 0.6, q8: 1.1, fp16: 2.1 }
const CONTEXT_OVERHEAD_BYTES = GIBIBYTE / 4

/** Memory that a model of so many billions of parameters needs, by quantisation. An estimate, used where no file size is known. */
export function estimateModelMemory(parametersBillions: number): Required<ModelMemory> {
  const bytes = (quantisation: Quantisation): number =>
    Math.round(parametersBillions * 1e9 * BYTES_PER_PARAMETER[quantisation] + CONTEXT_OVERHEAD_BYTES)
  return { q4Bytes: bytes('q4'), q8Bytes: bytes('q8'), fp16Bytes: bytes('fp16') }
}

/** The telemetry bucket of an amount of memory: the largest nominal size that it (nearly) reaches. */
export function ramBucketOf(memoryBytes: number): RamBucket {
  const gibibytes = memoryBytes / GIBIBYTE
  if (gibibytes < 6) return '4gb'
  if (gibibytes < 12) return '8gb'
  if (gibibytes < 24) return '16gb'
  return gibibytes < 48 ? '32gb' : '64gb+'
}

export type FittedModel = { readonly id: string; readonly quantisation: Quantisation; readonly memoryBytes: number }

/**
 * Which local models this machine can hold at one time, by `fitModels`. The budget is the share that the power level allows of the machine's memory, or of that
 * of its GPUs where it is more.
 */
export type HardwareFit = {
  readonly budgetBytes: number
  readonly usedBytes: number
  /** Models that fit together, best first. */
  readonly fitted: readonly FittedModel[]
  /** Local models that did not fit beside those, or whose size is unknown. */
  readonly rejected: readonly string[]
}

/**
 * Chooses local models that fit the machine's memory together, not each alone. The largest tier that fits is placed first,
 * because it replaces the most API calls; the rest of the memory goes to smaller tiers, one model of each tier.
 */
export function fitModels(entries: Iterable<ModelEntry>, hardware: MachineHardware, power: PowerLevel): HardwareFit {
  const budgetBytes = Math.floor(usableMemoryBytes(hardware) * POWER_LEVELS[power])
  const fitted: FittedModel[] = []
  const rejected: string[] = []
  const takenTiers = new Set<string>()
  let usedBytes = 0
  for (const entry of localLargestFirst(entries)) {
    const choice = takenTiers.has(entry.tier) ? undefined : bestQuantisation(entry, budgetBytes - usedBytes)
    if (choice === undefined) {
      rejected.push(entry.id)
      continue
    }
    takenTiers.add(entry.tier)
    usedBytes += choice.memoryBytes
    fitted.push(choice)
  }
  assert(usedBytes <= budgetBytes, 'fitted models stay within the memory budget')
  return { budgetBytes, usedBytes, fitted, rejected }
}

/** Unified or GPU memory where there is one large enough to matter, else the machine's memory. */
function usableMemoryBytes(hardware: MachineHardware): number {
  let gpuBytes = 0
  for (const gpu of hardware.gpus) gpuBytes += gpu.memoryBytes
  return Math.max(gpuBytes, hardware.memoryBytes)
}

function localLargestFirst(entries: Iterable<ModelEntry>): readonly ModelEntry[] {
  const local = [...entries].filter((entry) => isLocalTier(entry.tier))
  return local.sort(
    (left, right) =>
      modelTierRank(right.tier) - modelTierRank(left.tier) ||
      (right.measured?.quality ?? 0) - (left.measured?.quality ?? 0) ||
      (right.parametersBillions ?? 0) - (left.parametersBillions ?? 0) ||
      (left.id < right.id ? -1 : 1),
  )
}

/** Four bits first: halving the size costs less quality than stepping down a tier; more bits only when they are all that is offered. */
function bestQuantisation(entry: ModelEntry, freeBytes: number): FittedModel | undefined {
  const memory = entry.memory ?? (entry.parametersBillions && estimateModelMemory(entry.parametersBillions))
  if (!memory) return undefined
  const sizes = [
    ['q4', memory.q4Bytes],
    ['q8', memory.q8Bytes],
    ['fp16', memory.fp16Bytes],
  ] as const
  for (const [quantisation, memoryBytes] of sizes) {
    if (memoryBytes !== undefined && memoryBytes <= freeBytes) return { id: entry.id, quantisation, memoryBytes }
  }
  return undefined
}

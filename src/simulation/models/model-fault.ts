import { civilDateOfInstant } from '../../core/models/civil-date.ts'
import type { FaultKind, PlannedFault } from '../faults/fault-plan.ts'
import type { Stage } from '../scenario/stage.ts'
import type { PriceBook } from './price-book.ts'
import type { ProviderFaults } from './provider-faults.ts'
import type { SimulatedProvider } from './simulated-provider.ts'

export type ModelFaultParts = {
  readonly stage: Stage
  readonly provider: SimulatedProvider
  readonly prices: PriceBook
}

/** Faults of a plan that befall a model, whose id is their target. */
export const MODEL_FAULTS = [
  'model-outage',
  'model-garbage',
  'model-timeout',
  'price-change',
] as const satisfies readonly FaultKind[]

type ModelFault = (typeof MODEL_FAULTS)[number]

/** Shares of the calls, of a fault of full strength. */
const WORST: Readonly<Record<Exclude<ModelFault, 'price-change'>, Partial<ProviderFaults>>> = {
  'model-outage': { outage: 0.8, rateLimited: 0.2 },
  'model-garbage': { garbage: 0.7, truncated: 0.3 },
  'model-timeout': { hanging: 1 },
}

/**
 * Makes a fault of a plan befall its model, and counts it; false for a fault that is no model's. Prices stay as they become: up to three times, or down to a third.
 */
export function injectModelFault({ stage, provider, prices }: ModelFaultParts, fault: PlannedFault): boolean {
  const { kind, target, strength } = fault
  if (!isModelFault(kind)) return false
  if (kind === 'price-change') {
    const times = 1 + 2 * strength
    const isUp = fault.id % 2 === 0
    prices.multiply(target, isUp ? times : 1 / times, civilDateOfInstant(stage.world.startAt + stage.world.nowMs()))
  } else {
    const shares = Object.entries(WORST[kind]).map(([name, share]) => [name, share * (0.5 + strength / 2)])
    provider.setFaults(target, Object.fromEntries(shares) as Partial<ProviderFaults>)
  }
  stage.countFault(kind)
  return true
}

/** Takes away what `injectModelFault` did; false for a fault that is no model's. */
export function relieveModelFault({ provider }: Pick<ModelFaultParts, 'provider'>, fault: PlannedFault): boolean {
  if (!isModelFault(fault.kind)) return false
  if (fault.kind !== 'price-change') provider.setFaults(fault.target, undefined)
  return true
}

function isModelFault(kind: FaultKind): kind is ModelFault {
  return MODEL_FAULTS.some((known) => known === kind)
}

import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { FaultKind, PlannedFault } from '../../faults/fault-plan.ts'
import { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import { FITTED_MODELS } from '../../models/fitted-profiles.ts'
import { injectModelFault, MODEL_FAULTS, relieveModelFault } from '../../models/model-fault.ts'
import { entriesOf, PriceBook } from '../../models/price-book.ts'
import { SimulatedProvider } from '../../models/simulated-provider.ts'
import type { Stage } from '../../scenario/stage.ts'

/** Who serves the models of the world, outside of all machines. */
export class ChaosModels {
  readonly stage: Stage
  readonly outcomes: DrawnOutcomes
  readonly prices: PriceBook
  readonly provider: SimulatedProvider
  /** That "always premium" means. */
  readonly premium = FITTED_MODELS[0]?.id ?? ''

  constructor(stage: Stage) {
    this.stage = stage
    const { world } = stage
    this.outcomes = new DrawnOutcomes({ seed: world.seed, profiles: FITTED_MODELS })
    this.prices = new PriceBook(entriesOf(FITTED_MODELS, civilDateOfInstant(world.startAt)))
    const { outcomes, prices } = this
    this.provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random('providers') })
  }

  targetsOf(kind: FaultKind): readonly string[] {
    return MODEL_FAULTS.some((known) => known === kind) ? FITTED_MODELS.map(({ id }) => id) : []
  }

  /** @returns Whether it is a fault of a model. */
  inject(fault: PlannedFault): boolean {
    return injectModelFault(this, fault)
  }

  relieve(fault: PlannedFault): boolean {
    return relieveModelFault(this, fault)
  }
}

import { civilDateOfInstant } from '../../../src/core/models/civil-date.ts'
import { DrawnOutcomes } from '../../../src/simulation/models/drawn-outcomes.ts'
import { FITTED_MODELS } from '../../../src/simulation/models/fitted-profiles.ts'
import { entriesOf, PriceBook } from '../../../src/simulation/models/price-book.ts'
import { SimulatedProvider } from '../../../src/simulation/models/simulated-provider.ts'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import { createSeededSignatures } from '../../../src/simulation/keys/seeded-signatures.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { Stage } from '../../../src/simulation/scenario/stage.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'

export const PREMIUM = 'openai/gpt-4-1106-preview'
export const CHEAP = 'openai/gpt-3.5-turbo-1106'

export type ModelWorld = {
  readonly world: World
  readonly stage: Stage
  readonly outcomes: DrawnOutcomes
  readonly prices: PriceBook
  readonly provider: SimulatedProvider
}

export function modelWorld(seed = 1): ModelWorld {
  const world = createWorld({ seed })
  const stage = new Stage({
    world,
    network: new SimulatedNetwork(world),
    keys: createSeededSignatures(seed),
    checks: new CheckBook(() => ({ atMs: world.nowMs(), event: world.events })),
    signatures: 'seeded',
    data: undefined,
  })
  const outcomes = new DrawnOutcomes({ seed, profiles: FITTED_MODELS })
  const prices = new PriceBook(entriesOf(FITTED_MODELS, civilDateOfInstant(world.startAt)))
  const provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random('faults') })
  return { world, stage, outcomes, prices, provider }
}

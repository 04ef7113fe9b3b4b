import { defineScenario, type Play, type PlayEnd } from '../scenario/scenario.ts'
import { SightBook } from '../market/agents/sight-book.ts'
import type { Stage } from '../scenario/stage.ts'
import { isTownSettled, openTown } from './marketplace/open-town.ts'
import { MARKETPLACE_OPTIONS, type MarketplaceOptions } from './marketplace/options.ts'
import { reportTown } from './marketplace/report-town.ts'

/** Virtual time behind the last purchase in which every dispute is ruled on, every hold is free and every ending is counted. */
const CONVERGE_MS = 600_000

/** Buyers, sellers, arbiters and notaries of the product, some of them playing for themselves: what work gets done, what it costs, and who gains. */
export const MARKETPLACE = defineScenario<MarketplaceOptions>({
  name: 'marketplace',
  summary: 'Buyers, sellers, arbiters and notaries, with a share of them playing an attacking strategy',
  schema: MARKETPLACE_OPTIONS,
  open: async (stage, options) => await openMarketplace(stage, options),
})

async function openMarketplace(stage: Stage, options: MarketplaceOptions): Promise<Play> {
  const town = await openTown(stage, options)
  const playMs = options.steps * options.gapMs
  const sightBook = new SightBook(town)
  return {
    playMs,
    convergeMs: CONVERGE_MS,
    watch: () => sightBook.look(),
    isSettled: () => isTownSettled(town),
    finish: async (): Promise<PlayEnd> => await reportTown(town, sightBook, stage),
  }
}

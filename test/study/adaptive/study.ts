import { seedsOf, type Study } from '../study.ts'
import { searchAdaptive } from './search-adaptive.ts'

const SEEDS = 200

/** What somebody finds who searches for a way to cheat that pays. */
export const study: Study = {
  name: 'adaptive',
  summary: 'searches numbers of the adaptive strategy that pay best against the defaults',
  run: async (init) => {
    const { runs, findings, table, ...figures } = await searchAdaptive(init, seedsOf(init, SEEDS))
    return { name: 'adaptive', runs, figures, findings, table, charts: [] }
  },
}

import { CASE_NAMES, CHECK_NAMES, caseFailure, checkFailure } from '../core/auction/auction-checks.ts'
import { AUCTION_MACHINE } from '../../src/core/auction/auction-machine.ts'
import { AUCTION_PLANTS } from '../core/auction/auction-plants.ts'
import { exploreAuction } from './explore-auction.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

/** Generated auctions of one round, for each property. */
const AUCTIONS = 100

/** Every state of small auctions first; then single cases at every deadline; then rounds of generated auctions. */
export const AUCTION_TORTURE: Torture = {
  name: 'auction',
  runsDefault: 5,
  plants: Object.fromEntries(Object.entries(AUCTION_PLANTS).map(([name, { what }]) => [name, what])),
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const machine = AUCTION_PLANTS[init.plant]?.machine ?? AUCTION_MACHINE
  const explored = exploreAuction(machine)
  init.log(`machine: ${explored.states} states, ${explored.edges} edges, ${explored.refusals} refusals`)
  const failures: TortureFailure[] = explored.failures.map((what) => ({ seed: init.firstSeed, what }))
  for (const name of CASE_NAMES) {
    const what = caseFailure(name, machine)
    if (what !== undefined) failures.push({ seed: init.firstSeed, what: `${name}: ${what}` })
  }
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    for (const name of CHECK_NAMES) {
      const what = checkFailure(name, machine, { runs: AUCTIONS, seed })
      if (what !== undefined) failures.push({ seed, what: `${name}: ${what}` })
    }
    init.log(`round ${runs + 1}: ${failures.length} failures`)
  }
  return {
    name: 'auction',
    runs,
    counts: {
      states: explored.states,
      edges: explored.edges,
      refusals: explored.refusals,
      refusal_codes: explored.codes.length,
      complete: explored.isComplete,
      cases: CASE_NAMES.length,
      auctions: runs * CHECK_NAMES.length * AUCTIONS,
    },
    failures,
  }
}

import { ADAPTIVE } from './adaptive.ts'
import { CARTEL } from './cartel.ts'
import { GRIEFING_HOLDER } from './griefing-holder.ts'
import { HONEST } from './honest.ts'
import { LAZY } from './lazy.ts'
import { NON_REVEALER } from './non-revealer.ts'
import { SHILL } from './shill.ts'
import { SLEEPER } from './sleeper.ts'
import { SYBIL_RING } from './sybil-ring.ts'
import { WHITEWASHER } from './whitewasher.ts'
import type { Strategy } from './strategy.ts'

const ALL: readonly Strategy[] = [
  HONEST,
  LAZY,
  SLEEPER,
  CARTEL,
  ADAPTIVE,
  SHILL,
  SYBIL_RING,
  WHITEWASHER,
  NON_REVEALER,
  GRIEFING_HOLDER,
]

/** Every strategy that a marketplace can be played with, by its name. */
export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map(ALL.map((strategy) => [strategy.name, strategy]))

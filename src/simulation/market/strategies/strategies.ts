import { HONEST } from './honest.ts'
import type { Strategy } from './strategy.ts'

const ALL: readonly Strategy[] = [HONEST]

/** Every strategy that a marketplace can be played with, by its name. */
export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map(ALL.map((strategy) => [strategy.name, strategy]))

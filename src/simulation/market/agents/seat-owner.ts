import type { Town } from './town.ts'
import type { TownAgent } from './town-agent.ts'

/** Whose seat it is, and where. */
export type SeatOwner = { readonly agent: TownAgent; readonly town: Town }

import type { RandomStream } from '../../../base/random-stream.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import type { AgentRecord } from '../economy/agent-record.ts'
import type { SellerProfile } from '../economy/draw-economy.ts'
import type { PartyHooks, RunningParty } from '../party-machine.ts'
import type { SellerLevers } from './levers.ts'

/** What a party of the market runs as, and does by itself. */
export type AgentPlay = {
  readonly hooks: (owner: WorldProcess) => PartyHooks
  readonly begin: (running: RunningParty) => Promise<void>
}

/** Somebody in the market of a world, as its strategy sees it: its own process and draws, and whom it conspires with. What others think it does not know. */
export type StrategyAgent = {
  readonly name: string
  readonly record: AgentRecord
  /** Draws of its own. */
  readonly random: RandomStream
  /** Of a seller. */
  readonly profile: SellerProfile | undefined
  readonly levers: SellerLevers
  /** Everybody who plays the same, this one included, in the order of names; none where it acts alone. */
  readonly accomplices: readonly StrategyAgent[]
  /** Its process; `undefined` while it is down, and before it has started. */
  readonly running: () => RunningParty | undefined
  readonly didOf: (name: string) => Did
  /** Joins the market under one more name, with a key and money of its own, as anybody may. */
  readonly enlist: (name: string, play: AgentPlay, fundsNanos?: bigint) => Promise<void>
  /** What an honest agent of a name would do. */
  readonly honestPlay: (name: string) => AgentPlay
}

/** How somebody plays the market. It acts through its own software alone: real messages, signed by keys of its own, for stakes that the ledger holds. */
export type Strategy = {
  readonly name: StrategyName
  readonly summary: string
  /** Who can play it. */
  readonly side: 'seller' | 'buyer'
  /** Changes what an honest agent does. */
  readonly play: (agent: StrategyAgent, honest: AgentPlay) => AgentPlay
}

export const STRATEGY_NAMES = [
  'honest',
  'lazy',
  'sleeper',
  'cartel',
  'adaptive',
  'shill',
  'sybil-ring',
  'whitewasher',
  'non-revealer',
  'griefing-seller',
  'griefing-buyer',
] as const
export type StrategyName = (typeof STRATEGY_NAMES)[number]

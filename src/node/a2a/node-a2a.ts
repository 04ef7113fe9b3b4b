import type { A2ARequestHandler } from '@a2a-js/sdk/server'
import type { Transport } from '../../ports/transport.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import type { MarketWorker } from '../market/market-init.ts'
import type { AgentSkill } from './agent-skill.ts'
import type { A2aCall } from './call-context.ts'
import type { PublicKeyJwk } from './card-signature.ts'

export { contextOf, type A2aCall } from './call-context.ts'
export { CodedA2aError, toA2aError } from './a2a-failure.ts'
export { A2A_PATH } from './agent-card.ts'

/** Where the keys are that cards are signed with, below the gateway's address. */
export const KEYS_PATH = '/.well-known/jwks.json'

/** What the node does for other agents. */
export type NodeA2a = {
  /** The operations of the protocol, for every binding. Its failures are `A2AError`s. */
  readonly handler: A2ARequestHandler
  /** The signed card that everybody may read, as JSON. */
  card(at: Pick<A2aCall, 'baseUrl' | 'isKeyed'>): Promise<unknown>
  /** Since when the card is as it is. */
  readonly openedAt: Date
  /** Keys that signatures of the card are checked with. */
  readonly keys: readonly PublicKeyJwk[]
  /** Does paid work for the market, behind its offers of skills that have a price. Absent: none has. */
  readonly paidWorker?: MarketWorker
  /** Answers A2A over a transport between nodes, for those of `a2a.nodes`, and says so on the card. @returns Ends it. */
  serveOver(transport: Transport): () => void
  /** Deletes tasks and what was to be told of them: those of a tenant, or all, also what runs; or those that ended before an instant. @returns How many. */
  erase(what: TelemetryPurge): Promise<number>
  /** Ends what runs, as failed. */
  stop(): Promise<void>
}

export type NodeA2aInit = {
  /** What is offered besides the router, in the order of the card. The node's configuration may leave some out. */
  readonly skills?: readonly AgentSkill[]
}

import type { ResolveHost } from '../../guard/pin-host.ts'
import type { SharedAgentTaskStore } from '../../ports/agent-task-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import type { Router } from '../../ports/router.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { A2aConfig } from '../config/a2a-config.ts'
import type { NodeModel } from '../kernell-node.ts'
import type { NodeMarket } from '../market/market-init.ts'

/** What the node gives to its part for other agents. */
export type A2aParts = {
  readonly config: A2aConfig
  /** Keys are asked for. */
  readonly isKeyed: boolean
  readonly version: string
  /** The part of the node's store for tasks. */
  readonly store: KeyValueStore
  /** Tasks of the fleet, where there is one. What is in the node's own store is of the time before, and only erased. */
  readonly openShared?: () => SharedAgentTaskStore
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly router: Router
  readonly listModels: () => readonly NodeModel[]
  readonly openSigner: () => Promise<Signer>
  readonly resolveHost?: ResolveHost | undefined
  /** The node's part in the market, for what is paid. Throws `MARKET_NOT_OPEN`. */
  readonly openMarket: () => Promise<NodeMarket>
  readonly onError: (error: unknown) => void
}

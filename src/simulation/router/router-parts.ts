import type { DurationMs } from '../../base/time.ts'
import type { PeerMarket } from '../../ports/peer-market.ts'
import type { BudgetLimit } from '../../router/budgets/budget-owner.ts'
import type { PeerTierInit } from '../../router/peers/peer-tier-init.ts'
import type { PolicyServiceInit } from '../../router/policy-service.ts'
import type { PriceBook } from '../models/price-book.ts'
import type { SimulatedProvider } from '../models/simulated-provider.ts'
import type { Stage } from '../scenario/stage.ts'
import type { LearningSetup } from './learning-setup.ts'

/** What a machine that serves tasks is set up with; what its operator would write into a configuration. */
export type RouterMachineInit = {
  readonly stage: Stage
  readonly provider: SimulatedProvider
  readonly prices: PriceBook
  /** Id of the model that "always premium" means. */
  readonly premium: string
  /** The policy that the configuration names, and how it decides. Default: the documented priors, bound 0.7, nothing explored. */
  readonly policy?: Partial<PolicyServiceInit>
  readonly limits?: readonly BudgetLimit[]
  /** Default true. */
  readonly hasCache?: boolean
  /** Whether the operator lets records be kept, and the texts of tasks in them. Default both true: nobody's texts are in a world. */
  readonly hasConsent?: boolean
  readonly keepsText?: boolean
  /** Present: the machine learns from its tasks, and policies can be promoted on it. */
  readonly learning?: LearningSetup
  /** Told of what could not be written in the background. Default: the world writes it down as thrown. */
  readonly onError?: (error: unknown) => void
  /** Bytes at which journals are replaced by what they come to. Default: as on any machine, which is more than most worlds write. */
  readonly compactAtBytes?: number
  /** Default 120,000. */
  readonly attemptTimeoutMs?: DurationMs
  /** Ids of the models that may answer tasks. Absent: all may. */
  readonly answering?: readonly string[]
  /** Id of the model that judges answers in doubt, and those of peers. Absent: none does. */
  readonly judge?: string
  /** Where answers may be bought, and what the operator allows. Absent: none is. */
  readonly peers?: { readonly market: PeerMarket; readonly init: PeerTierInit }
}

export const ROUTER_DEFAULTS = {
  policy: { quality: 0.7, explorationRate: 0 },
  attemptTimeoutMs: 120_000,
  cache: { ttlMs: 24 * 3_600_000, entriesMax: 10_000, bytesMax: 16 * 1024 * 1024 },
} as const

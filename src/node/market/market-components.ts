import type { Clock } from '../../ports/clock.ts'
import type { WeightTable } from '../../core/governance/weight-table.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import type { PartyRole, WebhookTarget } from './party-role.ts'

export type MarketComponents = {
  readonly directory: DataDirectory
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Absent: nobody is told what waits for an act. */
  readonly webhook?: WebhookTarget
  /** Told of failures that nobody waits for. */
  readonly onError: (error: unknown) => void
}

/** What there is once the notary set is known. */
export type OpenedSet = {
  readonly notary: NotaryClient
  readonly party: PartyRole | undefined
  /** Of a node that is a notary: what its operator may do. */
  readonly publishWeights: ((table: WeightTable) => void) | undefined
}

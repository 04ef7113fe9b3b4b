/**
 * From a message of governance to the event that its machine takes. Whether the signer may do what it says, the machine tells.
 *
 * @see protocol/spec/governance.md#messages
 */
import type { Did } from '../../core/evidence/names.ts'
import type { GovernanceEvent } from '../../core/governance/governance-state.ts'
import type { GovernanceMessageRefusal } from '../../core/governance/message-refusals.ts'
import { hashOfWeights, type WeightTable } from '../../core/governance/weight-table.ts'
import type { Authenticated } from './authenticate.ts'
import type { EnvelopeOf } from './envelope.ts'

export type GovernanceReading =
  | { readonly kind: 'event'; readonly event: GovernanceEvent }
  | { readonly kind: 'refused'; readonly code: GovernanceMessageRefusal }

export type GovernanceReadingInit = {
  /** Who publishes tables of weights for the notary set. */
  readonly publisher: Did
  /** The file that a `governance-weights` message names, where it is at hand. */
  readonly table: WeightTable | undefined
}

/** The event of an authenticated message; never throws. */
export function readGovernanceMessage(
  { envelope, evidence }: Authenticated,
  init: GovernanceReadingInit,
): GovernanceReading {
  switch (envelope.type) {
    case 'governance-propose': {
      const { base, changes, weights: weightsHash, timelockMs } = envelope.body
      return eventOf({ ...evidence, type: 'proposal-made', base, changes, weightsHash, timelockMs })
    }
    case 'governance-vote':
      return eventOf({ ...evidence, type: 'vote-cast', ...envelope.body })
    case 'governance-delegate':
      return eventOf({ ...evidence, type: 'vote-delegated', to: envelope.body.to })
    case 'governance-execute':
      return eventOf({ ...evidence, type: 'execution-requested', proposal: envelope.body.proposal })
    case 'governance-cancel':
      return eventOf({ ...evidence, type: 'cancellation-requested', proposal: envelope.body.proposal })
    case 'governance-weights':
      return evidence.iss === init.publisher
        ? readTable(envelope, { table: init.table, at: evidence.at })
        : refused('GOVERNANCE_PUBLISHER_WRONG')
    default:
      return refused('GOVERNANCE_TYPE_UNKNOWN')
  }
}

function readTable(
  { body }: EnvelopeOf<'governance-weights'>,
  { table, at }: Pick<GovernanceReadingInit, 'table'> & Pick<GovernanceEvent, 'at'>,
): GovernanceReading {
  if (table === undefined) return refused('GOVERNANCE_TABLE_MISSING')
  const isNamed =
    hashOfWeights(table) === body.table && table.source === body.source && table.rows.length === body.voters
  return isNamed ? eventOf({ type: 'weights-published', table, at }) : refused('GOVERNANCE_TABLE_DIFFERENT')
}

function eventOf(event: GovernanceEvent): GovernanceReading {
  return { kind: 'event', event }
}

function refused(code: GovernanceMessageRefusal): GovernanceReading {
  return { kind: 'refused', code }
}

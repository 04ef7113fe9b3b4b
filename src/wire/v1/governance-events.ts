/**
 * From a message of governance to the event that its machine takes. Whether the signer may do what it says, the machine tells. Tables of weights are no messages: the
 * notary set orders them itself, as it does the sets of parameters that it begins with.
 *
 * @see protocol/spec/governance.md#messages
 */
import type { GovernanceEvent } from '../../core/governance/governance-state.ts'
import type { Authenticated } from './authenticate.ts'

/** Events that are made of messages. */
export type GovernanceMessageEvent = Extract<GovernanceEvent, { envelope: unknown }>

/** The event of an authenticated message; `undefined` for messages that are none of governance's. Never throws. */
export function readGovernanceMessage({ envelope, evidence }: Authenticated): GovernanceMessageEvent | undefined {
  switch (envelope.type) {
    case 'governance-propose': {
      const { base, changes, weights: weightsHash, timelockMs } = envelope.body
      return { ...evidence, type: 'proposal-made', base, changes, weightsHash, timelockMs }
    }
    case 'governance-vote':
      return { ...evidence, type: 'vote-cast', ...envelope.body }
    case 'governance-delegate':
      return { ...evidence, type: 'vote-delegated', to: envelope.body.to }
    case 'governance-execute':
      return { ...evidence, type: 'execution-requested', proposal: envelope.body.proposal }
    case 'governance-cancel':
      return { ...evidence, type: 'cancellation-requested', proposal: envelope.body.proposal }
    default:
      return undefined
  }
}

/**
 * From a message about a dispute to the event that the dispute's or the replication's machine takes. What the message may do in the state of the dispute, the
 * machine says.
 *
 * @see protocol/spec/disputes.md#messages
 */
import type { Amount } from '../../base/money.ts'
import type { DisputeEvent } from '../../core/disputes/dispute-state.ts'
import type { DisputeMessageRefusal } from '../../core/disputes/message-refusals.ts'
import type { ReplicationEvent } from '../../core/disputes/replication-machine.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import type { Authenticated } from './authenticate.ts'

/** What an authenticated message is to a dispute: an event of the dispute, an event of the replicas that run the task again, or a code that says why it is none. */
export type DisputeReading =
  | { readonly kind: 'dispute-event'; readonly event: DisputeEvent }
  | { readonly kind: 'replication-event'; readonly event: ReplicationEvent }
  | { readonly kind: 'refused'; readonly code: DisputeMessageRefusal }

/**
 * What the reader of messages has to know of the dispute, and of what is at hand. Where `sizeOf` has no size a message is refused with `DISPUTE_FILE_MISSING`;
 * where `heldBy` gives another amount than the bond's, with `DISPUTE_BOND_MISSING`.
 */
export type DisputeReadingInit = {
  readonly contract: ContractId
  readonly currency: Currency
  /** Of votes, or of the run of replicas: the one that is under way. */
  readonly round: number
  /** Size of a piece of evidence that is at hand, in bytes. */
  readonly sizeOf: (hash: Hash) => number | undefined
  /** What is held of the signer by the message that ordered it, in the contract's currency. */
  readonly heldBy: (order: Hash) => Amount | undefined
}

/** The event of an authenticated message; never throws. */
export function readDisputeMessage(message: Authenticated, init: DisputeReadingInit): DisputeReading {
  const { envelope, evidence } = message
  const { body } = envelope
  if (envelope.head.contract !== undefined && envelope.head.contract !== init.contract)
    return refused('DISPUTE_CONTRACT_WRONG')
  if ('currency' in body && body.currency !== init.currency) return refused('DISPUTE_CURRENCY_WRONG')
  switch (envelope.type) {
    case 'escrow-reject':
    case 'escrow-dispute':
    case 'escrow-evidence': {
      if (envelope.head.contract === undefined) return refused('DISPUTE_CONTRACT_WRONG')
      const { evidence: hash } = envelope.body
      const sizeBytes = init.sizeOf(hash)
      if (sizeBytes === undefined) return refused('DISPUTE_FILE_MISSING')
      return { kind: 'dispute-event', event: { ...evidence, type: 'evidence-filed', hash, sizeBytes } }
    }
    default:
      return readRound(message, init)
  }
}

/** Messages of a round name their contract in the body. */
function readRound({ envelope, evidence }: Authenticated, init: DisputeReadingInit): DisputeReading {
  switch (envelope.type) {
    case 'replica-commit':
    case 'replica-reveal':
    case 'dispute-vote-commit':
    case 'dispute-vote-reveal':
    case 'dispute-appeal':
      if (envelope.body.contract !== init.contract) return refused('DISPUTE_CONTRACT_WRONG')
      if (envelope.body.round !== init.round) return refused('DISPUTE_ROUND_WRONG')
      break
    default:
      return refused('DISPUTE_TYPE_UNKNOWN')
  }
  switch (envelope.type) {
    case 'replica-commit': {
      const { commitment } = envelope.body
      return { kind: 'replication-event', event: { ...evidence, type: 'result-committed', commitment } }
    }
    case 'replica-reveal': {
      const { result, salt } = envelope.body
      return { kind: 'replication-event', event: { ...evidence, type: 'result-revealed', result, salt } }
    }
    case 'dispute-vote-commit': {
      const { commitment } = envelope.body
      return { kind: 'dispute-event', event: { ...evidence, type: 'vote-committed', commitment } }
    }
    case 'dispute-vote-reveal': {
      const { evidenceRoot, workerNanos, salt } = envelope.body
      return { kind: 'dispute-event', event: { ...evidence, type: 'vote-revealed', evidenceRoot, workerNanos, salt } }
    }
    case 'dispute-appeal': {
      const { bondNanos, bondOrder } = envelope.body
      if (init.heldBy(bondOrder) !== bondNanos) return refused('DISPUTE_BOND_MISSING')
      return { kind: 'dispute-event', event: { ...evidence, type: 'ruling-appealed', bondNanos } }
    }
  }
}

function refused(code: DisputeMessageRefusal): DisputeReading {
  return { kind: 'refused', code }
}

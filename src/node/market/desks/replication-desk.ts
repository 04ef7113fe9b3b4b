import type { JsonValue } from '../../../base/canonical-json.ts'
import { evidenceRootOf } from '../../../core/escrow/evidence-root.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { judgeDispute } from '../../../market/disputes/judge-dispute.ts'
import { REPLICATION_POLICY_DEFAULT } from '../../../market/disputes/replicate.ts'
import { isEstablished } from '../../../market/reputation/known-standing.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import { type ControlRequest, invalidRequest, optionalNumber } from '../../control/control-request.ts'
import { contractOf } from './credit-desk.ts'
import { plain } from './plain-json.ts'
import { marketRefusal } from './market-refusals.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import { stateFromEvidence } from './state-from-evidence.ts'

export type ReplicationDeskInit = {
  readonly role: PartyRole
  readonly notary: NotaryClient
  /** Nodes at which the parties and other sellers may be. */
  readonly peers: readonly Did[]
}

/**
 * What machines say of a dispute that this node rules on: the predicate, and where it asks for another run of the task, replicas. Nothing is ruled. Throws
 * `REQUEST_INVALID`, and `MARKET_REFUSED` where nothing is in dispute, the record is open, or this node does not rule on it.
 */
export async function lookIntoDispute(
  { role: { party, reputation }, notary, peers }: ReplicationDeskInit,
  request: ControlRequest,
): Promise<JsonValue> {
  const contract = contractOf(request)
  const replicasMax = optionalNumber(request, 'replicas') ?? REPLICATION_POLICY_DEFAULT.replicasMax
  if (!Number.isSafeInteger(replicasMax) || replicasMax < 2 || replicasMax > 32)
    throw invalidRequest('replicas', 'Two to 32 sellers can be asked')
  const { verify } = party.components
  const state = await stateFromEvidence({ notary, contract, verify, signal: party.signal })
  if (state?.kind !== 'DISPUTED') throw marketRefusal('ESCROW_STATE_WRONG')
  if (state.evidenceBy !== undefined) throw marketRefusal('ESCROW_RECORD_OPEN')
  if (!state.terms.arbiters.members.includes(party.did)) throw marketRefusal('ESCROW_SIGNER_WRONG')
  const isKnown = (seller: Did): boolean => isEstablished(reputation, seller)
  const policy = { ...REPLICATION_POLICY_DEFAULT, replicasMax }
  const { result, replication } = await judgeDispute(party, state, {
    nodes: peers,
    replicas: { peers, policy, isKnown },
  })
  const { delivery, rejection, terms } = state
  const suggested = { passed: delivery.claimNanos, failed: rejection.concededNanos, undecided: undefined }
  return plain({
    contract,
    evidenceRoot: evidenceRootOf(contract, state.evidence),
    outcome: result?.outcome ?? null,
    delivered: delivery.result,
    replicas:
      replication === undefined
        ? null
        : {
            result: replication.result ?? null,
            agreed: replication.agreed,
            dissented: replication.dissented,
            silent: replication.silent,
          },
    currency: terms.currency,
    workerNanos: (result === undefined ? rejection.concededNanos : suggested[result.outcome])?.toString() ?? null,
  })
}

import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import type { CapabilityCid, Delegation, Invocation } from './capability-token.ts'
import { CHAIN_LENGTH_MAX } from './check-alignment.ts'
import { checkChainAt } from './check-chain.ts'
import { coversCommand } from './command.ts'
import { evaluatePolicies } from './evaluate-policy.ts'
import type { Revocations } from './revocations.ts'
import { deadlineOf } from './token-time.ts'

export type InvocationQuestion = {
  readonly invocation: Invocation
  /** Delegations at hand by CID, their signatures checked; those that `prf` names are looked up. */
  readonly proofs: ReadonlyMap<CapabilityCid, Delegation>
  readonly at: Timestamp
  /** Who is asked to act. */
  readonly executor: Did
  readonly revocations?: Revocations
}

export type CheckedInvocation = {
  readonly kind: 'allowed'
  readonly subject: Did
  readonly invoker: Did
  readonly chain: readonly Delegation[]
}

/** Whether an order is covered by the authority that it names (UCAN 1.0 invocation, "Proof Chains"). */
export function checkInvocation(question: InvocationQuestion): CheckedInvocation | CapabilityRefused {
  const { invocation, at, executor, revocations } = question
  const { sub, iss, cmd, prf } = invocation
  if (at >= deadlineOf(invocation.exp)) return refuseCapability('CAPABILITY_EXPIRED')
  if ((invocation.aud ?? sub) !== executor) return refuseCapability('CAPABILITY_AUDIENCE_WRONG')
  if (prf.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
  const chain: Delegation[] = []
  for (const cid of prf) {
    const delegation = question.proofs.get(cid)
    if (delegation === undefined) return refuseCapability('CAPABILITY_PROOF_MISSING')
    chain.push(delegation)
  }
  if (chain.length === 0) {
    return iss === sub
      ? { kind: 'allowed', subject: sub, invoker: iss, chain }
      : refuseCapability('CAPABILITY_CHAIN_EMPTY')
  }
  const checked = checkChainAt(chain, at, revocations)
  if (checked.kind === 'refused') return checked
  if (checked.holder !== iss) return refuseCapability('CAPABILITY_AUDIENCE_WRONG')
  if (checked.subject !== sub) return refuseCapability('CAPABILITY_SUBJECT_WRONG')
  if (!coversCommand(checked.command, cmd)) return refuseCapability('CAPABILITY_COMMAND_WIDENED')
  const verdict = evaluatePolicies(checked.policies, invocation.args)
  if (verdict === 'costly') return refuseCapability('CAPABILITY_POLICY_COSTLY')
  if (verdict === 'failed') return refuseCapability('CAPABILITY_POLICY_FAILED')
  return { kind: 'allowed', subject: sub, invoker: iss, chain }
}

import { type CapabilityRefused, refuseCapability } from '../capability/capability-refusals.ts'
import type { Delegation } from '../capability/capability-token.ts'
import { checkInvocation, type InvocationQuestion } from '../capability/check-invocation.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { SandboxPolicy } from '../sandbox/sandbox-policy.ts'
import { type CallDemand, readDemand, rightsOfDemand } from './call-demand.ts'
import { ALL_RIGHTS, meetRights, type Rights, widenedMembers, withStated } from './rights.ts'
import { rightsOfPolicy } from './rights-statements.ts'

export type CallQuestion = InvocationQuestion & {
  /** What is about to be done, such as `/sandbox/run`; the order has to be for this. */
  readonly action: string
  /** SHA-256 of what is about to run, as found by whoever runs it. */
  readonly code: Hash
  /** Whose authority counts here: the owner of what is used. */
  readonly owners: readonly Did[]
}

export type GrantedCall = {
  readonly kind: 'granted'
  readonly invoker: Did
  readonly subject: Did
  /** What the chain leaves. */
  readonly rights: Rights
  readonly demand: CallDemand
}

/**
 * Whether an order with its chain lets a program run now, and as what. Each refusal has a code of its own; whether the order was used before is asked
 * last, of `replay-memory.ts`, since a refused one is not used up.
 */
export function checkCall(question: CallQuestion): GrantedCall | CapabilityRefused {
  const { invocation, action, code, owners, proofs } = question
  if (!owners.includes(invocation.sub)) return refuseCapability('CAPABILITY_SUBJECT_WRONG')
  if (invocation.cmd !== action) return refuseCapability('CAPABILITY_ACTION_OTHER')
  const demand = readDemand(invocation.args)
  if (demand === undefined) return refuseCapability('CAPABILITY_DEMAND_MALFORMED')
  if (demand.code !== code) return refuseCapability('CAPABILITY_CODE_OTHER')
  const checked = checkInvocation(question)
  const chain = checked.kind === 'allowed' ? checked.chain : invocation.prf.flatMap((cid) => proofs.get(cid) ?? [])
  if (checked.kind === 'refused' && checked.code !== 'CAPABILITY_POLICY_FAILED') return checked
  const rights = rightsOfChain(chain)
  if (rights === undefined) return refuseCapability('CAPABILITY_RIGHTS_WIDENED')
  const beyond = widenedMembers(rights, rightsOfDemand(demand))
  if (beyond.includes('codes')) return refuseCapability('CAPABILITY_CODE_OTHER')
  if (beyond.length > 0) return refuseCapability('CAPABILITY_RIGHTS_WIDENED')
  if (checked.kind === 'refused') return checked
  return { kind: 'granted', invoker: checked.invoker, subject: checked.subject, rights, demand }
}

/** What a chain leaves of everything; `undefined` where a link states more than it was given, although that would not bind. */
export function rightsOfChain(chain: readonly Delegation[]): Rights | undefined {
  let rights = ALL_RIGHTS
  for (const { pol } of chain) {
    const stated = withStated(rights, rightsOfPolicy(pol))
    if (widenedMembers(rights, stated).length > 0) return undefined
    rights = meetRights(rights, stated)
  }
  return rights
}

/** The policy that a granted call runs under: what it asked for, as far as its rights reach. Never wider than either. */
export function policyOfGrant({ rights, demand }: Pick<GrantedCall, 'rights' | 'demand'>): SandboxPolicy {
  const both = meetRights(rights, rightsOfDemand(demand))
  return {
    isolation: both.isolation,
    limits: both.limits,
    network: { hosts: named(both.hosts) },
    environment: named(both.environment),
    paths: { read: named(both.read).filter((path) => !named(both.write).includes(path)), write: named(both.write) },
    allowEmulation: both.allowEmulation,
  }
}

/** A demand names everything, so nothing of what is left is `any`; were it, nothing would be allowed. */
function named(names: Rights['hosts']): readonly string[] {
  return names === 'any' ? [] : names
}

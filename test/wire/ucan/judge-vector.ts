import { timestampFromMs } from '../../../src/base/time.ts'
import type { CapabilityRefused } from '../../../src/core/capability/capability-refusals.ts'
import type { CapabilityCid, Delegation } from '../../../src/core/capability/capability-token.ts'
import { checkInvocation } from '../../../src/core/capability/check-invocation.ts'
import { EMPTY_REPLAY_MEMORY, rememberInvocation } from '../../../src/core/capability/replay-memory.ts'
import { addRevocation, NO_REVOCATIONS, type Revocations } from '../../../src/core/capability/revocations.ts'
import { parseDid } from '../../../src/core/evidence/names.ts'
import type { UcanVector } from '../../../scripts/protocol-vectors/ucan-builder.ts'
import { openDelegation, openInvocation } from '../../../src/wire/ucan/token-codec.ts'
import type { VerifyBytes } from '../../../src/wire/v1/authenticate.ts'

class Refusal extends Error {}

function ok<Value extends { readonly kind: string }>(value: Value | CapabilityRefused): Value {
  if (value.kind === 'refused' && 'code' in value) throw new Refusal(value.code)
  return value as Value
}

/** What becomes of a vector at a receiver that follows the rules one after another. */
export function judgeVector(vector: UcanVector, verify: VerifyBytes): string {
  try {
    return judge(vector, verify)
  } catch (error: unknown) {
    if (error instanceof Refusal) return error.message
    throw error
  }
}

function judge(vector: UcanVector, verify: VerifyBytes): string {
  const executor = parseDid(vector.executor)
  if (executor === undefined) throw new Error('the vector names no executor')
  const at = timestampFromMs(vector.at)
  const open = (text: string): Delegation => ok(openDelegation(text, verify))
  const proofs = new Map<CapabilityCid, Delegation>()
  for (const text of vector.proofs) {
    const delegation = open(text)
    proofs.set(delegation.cid, delegation)
  }
  let revocations: Revocations = NO_REVOCATIONS
  for (const { token, chain, at: stamp } of vector.revocations) {
    const revocation = ok(openInvocation(token, verify))
    const outcome = ok(addRevocation(revocations, { revocation, chain: chain.map(open), at: timestampFromMs(stamp) }))
    if (outcome.kind === 'revoked') revocations = outcome.revocations
  }
  let memory = EMPTY_REPLAY_MEMORY
  let last = 'allowed'
  for (const text of vector.invocations) {
    const invocation = ok(openInvocation(text, verify))
    last = ok(checkInvocation({ invocation, proofs, at, executor, revocations })).kind
    memory = ok(rememberInvocation(memory, invocation, { at })).memory
  }
  return last
}

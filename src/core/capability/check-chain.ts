import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import { type Did, type Hash, parseHash } from '../evidence/names.ts'
import { assert } from '../../base/assert.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import type { CapabilityCid, Delegation } from './capability-token.ts'
import { checkAlignment, commandOfChain } from './check-alignment.ts'
import type { Policy } from './policy.ts'
import { isChainRevoked, NO_REVOCATIONS, type Revocations } from './revocations.ts'
import { deadlineOf, startOf } from './token-time.ts'

/** What a valid chain grants, to whom, and for how long by itself. */
export type CheckedChain = {
  readonly kind: 'valid'
  readonly subject: Did
  /** Audience of the last delegation: who may act. */
  readonly holder: Did
  readonly command: string
  /** All of them bind, so a delegation further down can narrow and never widen. */
  readonly policies: readonly Policy[]
  /** First stamp at which every delegation has begun, in milliseconds. */
  readonly validFrom: number
  /** First stamp at which one has expired. */
  readonly validBefore: number
}

/**
 * Whether delegations, root first, are a valid chain at a stamp. A contract that names the chain asks at the stamp of its acceptance; what expires or is
 * revoked later does not undo it.
 *
 * @param chain  Delegations whose signatures were checked.
 */
export function checkChainAt(
  chain: readonly Delegation[],
  at: Timestamp,
  revocations: Revocations = NO_REVOCATIONS,
): CheckedChain | CapabilityRefused {
  const broken = checkAlignment(chain)
  if (broken !== undefined) return refuseCapability(broken)
  const [root] = chain
  const leaf = chain.at(-1)
  if (root === undefined || leaf === undefined) return refuseCapability('CAPABILITY_CHAIN_EMPTY')
  if (root.sub === undefined) return refuseCapability('CAPABILITY_ROOT_POWERLINE')
  if (root.sub !== root.iss) return refuseCapability('CAPABILITY_ROOT_FOREIGN')
  const command = commandOfChain(chain)
  if (command === undefined) return refuseCapability('CAPABILITY_COMMAND_WIDENED')
  const validFrom = Math.max(...chain.map(({ nbf }) => startOf(nbf)))
  const validBefore = Math.min(...chain.map(({ exp }) => deadlineOf(exp)))
  if (at < validFrom) return refuseCapability('CAPABILITY_NOT_YET_VALID')
  if (at >= validBefore) return refuseCapability('CAPABILITY_EXPIRED')
  if (isChainRevoked(revocations, chain, at)) return refuseCapability('CAPABILITY_REVOKED')
  return {
    kind: 'valid',
    subject: root.sub,
    holder: leaf.aud,
    command,
    policies: chain.map(({ pol }) => pol),
    validFrom,
    validBefore,
  }
}

/** The name of a chain in a contract: SHA-256 of the canonical JSON of a purpose and the CIDs, root first. */
export function hashOfChain(cids: readonly CapabilityCid[]): Hash {
  const hash = parseHash(sha256Hex(canonicalJson(['kernell/capability-chain/v1', ...cids])))
  assert(hash !== undefined, 'a digest in hexadecimal digits is a hash')
  return hash
}

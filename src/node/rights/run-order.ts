import { CodedError } from '../../base/errors.ts'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import {
  type CapabilityRefusal,
  type CapabilityRefused,
  refuseCapability,
} from '../../core/capability/capability-refusals.ts'
import type { Delegation } from '../../core/capability/capability-token.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { type CallDemand, demandOfPolicy } from '../../core/rights/call-demand.ts'
import type { SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import type { SandboxFile, SandboxProgram } from '../../ports/sandbox-runtime.ts'
import type { ShownRight } from '../../rights/call-desk.ts'
import { hashOfProgram, SANDBOX_RUN } from '../../rights/granted-sandbox.ts'
import { type IssuedGrant, issueOrder } from '../../rights/issue-right.ts'
import { parseSandboxPolicy } from '../../wire/sandbox-policy-document.ts'
import { openDelegation } from '../../wire/ucan/token-codec.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'
import { openIssuer } from './directory-rights.ts'

const SECOND = 1_000

export type RunOrderInit = {
  /** Whose key orders; it is made where there is none. */
  readonly dataDir: string
  /** What the program asks for, as a file of a policy holds it. */
  readonly policy: string
  readonly program: SandboxProgram
  /** What lies in its directory; they are part of what is ordered. */
  readonly files?: readonly SandboxFile[]
  /** Delegations down to this key, root first; none where the machine is this key's own. */
  readonly chain: readonly string[]
  readonly validMs: number
}

/**
 * An order to run a program, to be shown once to the machine that the chain begins with. Whether the chain grants it, that machine says.
 *
 * Throws `SANDBOX_POLICY_INVALID`, `CAPABILITY_CHAIN_REFUSED` for a chain that cannot be read, and as `openInstallationKey`.
 */
export async function makeRunOrder({
  dataDir,
  policy,
  program,
  files = [],
  chain,
  validMs,
}: RunOrderInit): Promise<ShownRight> {
  const demand = readDemandOf(policy, hashOfProgram({ program, files }))
  const issuer = await openIssuer(dataDir, createSystemRandom())
  const opened = openLinks(chain)
  if ('kind' in opened) throw refusedChain(opened.code)
  const links = opened.map(({ cid }, index): IssuedGrant => ({ kind: 'issued', cid, text: chain[index] ?? '' }))
  const owner = opened[0]?.sub ?? issuer.self
  const exp = Math.ceil((createSystemClock().now() + validMs) / SECOND)
  const order = issueOrder(issuer, { owner, action: SANDBOX_RUN, demand, chain: links, exp })
  if ('kind' in order) throw refusedChain(order.code)
  return order
}

/** What a program asks for whose policy is in this file. Throws `SANDBOX_POLICY_INVALID`. */
export function readDemandOf(policy: string, code: Hash): CallDemand {
  return demandIn(parseSandboxPolicy(policy), code)
}

/** What a program asks for whose policy is this one. Throws `SANDBOX_POLICY_INVALID` for a name that no order can ask for. */
export function demandIn(policy: SandboxPolicy, code: Hash): CallDemand {
  const reading = demandOfPolicy(policy, code)
  if ('demand' in reading) return reading.demand
  throw new CodedError('SANDBOX_POLICY_INVALID', {
    message: reading.fault,
    details: { member: reading.fault.slice(0, reading.fault.indexOf(':')) },
  })
}

/** The failure of a command that was to give, pass on, use or take back what a chain grants. */
export function refusedChain(code: CapabilityRefusal): CodedError {
  return new CodedError('CAPABILITY_CHAIN_REFUSED', {
    message: `The capability tokens were refused: ${code}`,
    details: { code },
  })
}

function openLinks(chain: readonly string[]): readonly Delegation[] | CapabilityRefused {
  if (chain.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
  const verify = verifySignatureWith(createNodeVerifier())
  const links: Delegation[] = []
  for (const text of chain) {
    const link = openDelegation(text, verify)
    if (link.kind === 'refused') return link
    links.push(link)
  }
  return links
}

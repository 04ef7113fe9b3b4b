/** The authority that a payer shows for a contract, as it travels: its order and the delegations below it, each a token in base64url. */
import type { Timestamp } from '../../base/time.ts'
import { type CapabilityRefused, refuseCapability } from '../../core/capability/capability-refusals.ts'
import type { Delegation } from '../../core/capability/capability-token.ts'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import { type JudgedRevocation, judgeRevocation, type Revocations } from '../../core/capability/revocations.ts'
import { type ContractAuthority, readContractAuthority } from '../../core/escrow/contract-authority.ts'
import type { VerifyBytes } from '../v1/authenticate.ts'
import { openDelegation, openInvocation } from './token-codec.ts'

/** Characters of order and chain together, so that they fit one message beside the signatures. */
export const CONTRACT_CAPABILITY_MAX = 24_576

export type ContractCapability = {
  readonly order: string
  /** Root first, 1 to 16. */
  readonly chain: readonly string[]
}

export type CapabilityReadingInit = {
  readonly verify: VerifyBytes
  readonly at: Timestamp
  /** What the reader knows to be revoked. */
  readonly revocations?: Revocations
}

/** What it grants at a stamp. Never throws. */
export function readContractCapability(
  { order: orderText, chain: texts }: ContractCapability,
  { verify, at, revocations }: CapabilityReadingInit,
): ContractAuthority | CapabilityRefused {
  if (texts.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
  const characters = texts.reduce((sum, text) => sum + text.length, orderText.length)
  if (characters > CONTRACT_CAPABILITY_MAX) return refuseCapability('CAPABILITY_TOO_LARGE')
  const order = openInvocation(orderText, verify)
  if (order.kind === 'refused') return order
  const chain = openChain(texts, verify)
  if ('kind' in chain) return chain
  return readContractAuthority({ order, chain, at, ...(revocations !== undefined && { revocations }) })
}

/** What a revocation takes back: its token and the delegations down to the revoked one. Never throws. */
export function readCapabilityRevocation(
  { revocation: text, chain: texts }: { readonly revocation: string; readonly chain: readonly string[] },
  { verify, at }: Pick<CapabilityReadingInit, 'verify' | 'at'>,
): JudgedRevocation | CapabilityRefused {
  if (texts.length > CHAIN_LENGTH_MAX) return refuseCapability('CAPABILITY_CHAIN_TOO_LONG')
  const revocation = openInvocation(text, verify)
  if (revocation.kind === 'refused') return revocation
  const chain = openChain(texts, verify)
  return 'kind' in chain ? chain : judgeRevocation({ revocation, chain, at })
}

function openChain(texts: readonly string[], verify: VerifyBytes): readonly Delegation[] | CapabilityRefused {
  const chain: Delegation[] = []
  for (const text of texts) {
    const delegation = openDelegation(text, verify)
    if (delegation.kind === 'refused') return delegation
    chain.push(delegation)
  }
  return chain
}

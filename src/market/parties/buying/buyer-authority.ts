import { CodedError } from '../../../base/errors.ts'
import { DAY_MS } from '../../../base/time.ts'
import { OWN_CAPABILITY, purchaseArguments, purchaseCommand } from '../../../core/escrow/contract-authority.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { ContractCapability } from '../../../wire/ucan/contract-capability.ts'
import type { BuyerSide, PayerCapabilities } from './buyer-side.ts'

const SECOND = 1_000
/** An order lives no longer than executors remember its nonce. */
const ORDER_MS_MAX: number = DAY_MS - 60 * SECOND

/** What the terms name. Throws `CAPABILITY_CHAIN_REFUSED` for a chain that cannot be read. */
export function capabilityHashOf({ capabilities }: BuyerSide, chain: readonly string[] | undefined): Hash {
  if (chain === undefined) return OWN_CAPABILITY
  const opened = deskOf(capabilities).openChain(chain)
  if (opened.kind === 'refused') throw chainRefused(opened.code)
  return opened.hash
}

export type OrderInit = {
  readonly terms: EscrowTerms
  readonly contract: ContractId
  readonly skill: string
  readonly chain: readonly string[] | undefined
}

/**
 * The payer's order for one contract, by a chain that ends at it; `undefined` without a chain. Whether the chain allows it, the seller and the notary set say by what
 * they know of revocations. Throws `CAPABILITY_CHAIN_REFUSED`.
 */
export function orderFor({ capabilities, party }: BuyerSide, init: OrderInit): ContractCapability | undefined {
  const { terms, contract, skill, chain } = init
  if (chain === undefined) return undefined
  const desk = deskOf(capabilities)
  const opened = desk.openChain(chain)
  const subject = opened.kind === 'opened' ? opened.delegations[0]?.sub : undefined
  if (opened.kind === 'refused') throw chainRefused(opened.code)
  if (subject === undefined) throw chainRefused('CAPABILITY_ROOT_POWERLINE')
  const { currency, custody, maxNanos, worker } = terms
  const livesMs = Math.min(terms.timers.offerMs + 60 * SECOND, ORDER_MS_MAX)
  const order = desk.invoke({
    sub: subject,
    aud: worker,
    cmd: purchaseCommand(skill),
    args: purchaseArguments({ contract, skill, currency, custody, maxNanos, worker }),
    prf: opened.delegations.map(({ cid }) => cid),
    exp: Math.ceil((party.components.clock.now() + livesMs) / SECOND),
  })
  if (order.kind === 'refused') throw chainRefused(order.code)
  return { order: order.text, chain }
}

/** Why a buyer may not act by a chain at all. Throws `CAPABILITY_CHAIN_REFUSED` where it grants nothing to this party now. */
export function checkChain({ capabilities, party }: BuyerSide, chain: readonly string[]): void {
  const checked = deskOf(capabilities).check(chain, party.components.clock.now())
  if (checked.kind === 'refused') throw chainRefused(checked.code)
  if (checked.holder !== party.did) throw chainRefused('CAPABILITY_AUDIENCE_WRONG')
}

/** Why the order of a contract is not covered by its chain; `undefined` when it is, as far as this party knows. Policies may name the worker or the price. */
export function refuseOrder({ capabilities, party }: BuyerSide, capability: ContractCapability): string | undefined {
  const authority = deskOf(capabilities).authorityOf(capability, party.components.clock.now())
  return 'kind' in authority ? authority.code : undefined
}

function deskOf(capabilities: PayerCapabilities | undefined): PayerCapabilities {
  if (capabilities !== undefined) return capabilities
  throw chainRefused('CAPABILITY_AUDIENCE_WRONG')
}

function chainRefused(code: string): CodedError {
  return new CodedError('CAPABILITY_CHAIN_REFUSED', {
    message: `The chain of capabilities: ${code}`,
    details: { code },
  })
}

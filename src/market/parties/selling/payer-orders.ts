import {
  type CapabilityRefusal,
  type CapabilityRefused,
  refuseCapability,
} from '../../../core/capability/capability-refusals.ts'
import type { ContractAuthority } from '../../../core/escrow/contract-authority.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { ContractCapability } from '../../../wire/ucan/contract-capability.ts'
import type { CapabilityDesk } from '../../capabilities/capability-desk.ts'
import type { Party } from '../party.ts'

/** What a seller needs of its desk to judge by whose authority payers act. */
export type SellerCapabilities = Pick<CapabilityDesk, 'authorityOf' | 'admit'>

/** Topic of notes on orders that were taken, by contract: the same order again is the same contract. */
const ORDERS_TAKEN = 'order-taken'

/** Orders of payers that act for others, as a seller judges and takes them. */
export class PayerOrders {
  private readonly party: Party
  private readonly capabilities: SellerCapabilities | undefined

  /** `capabilities`: `undefined` takes none. */
  constructor(party: Party, capabilities: SellerCapabilities | undefined) {
    this.party = party
    this.capabilities = capabilities
  }

  /** By whose authority the payer acts now, by the revocations that are known here; `undefined` where it shows none. */
  authorityOf(capability: ContractCapability | undefined): ContractAuthority | CapabilityRefused | undefined {
    if (capability === undefined) return undefined
    if (this.capabilities === undefined) return refuseCapability('CAPABILITY_AUDIENCE_WRONG')
    return this.capabilities.authorityOf(capability, this.party.components.clock.now())
  }

  /** Takes an order once. That it is taken for this contract is written before, so that a crash in between does not make a replay of it. */
  async take(contract: ContractId, { order, chain }: ContractCapability): Promise<CapabilityRefusal | undefined> {
    const { capabilities, party } = this
    if (capabilities === undefined) return 'CAPABILITY_AUDIENCE_WRONG'
    const isTakenBefore = party.noteOf<{ readonly order: string }>(ORDERS_TAKEN, contract)?.order === order
    if (!isTakenBefore) await party.keep(ORDERS_TAKEN, contract, { order })
    const admitted = await capabilities.admit(order, chain, party.components.clock.now())
    if (admitted.kind === 'allowed' || (isTakenBefore && admitted.code === 'CAPABILITY_REPLAYED')) return undefined
    await party.journal.keepNote(ORDERS_TAKEN, contract, null)
    return admitted.code
  }
}

import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'

/** Where nodes are reached that somebody has named: one address each, the latest. */
export class AddressMap {
  private readonly check: (address: string) => void
  private readonly addresses = new Map<Did, string>()

  /** @param check  Throws `NETWORK_ADDRESS_INVALID`. */
  constructor(check: (address: string) => void) {
    this.check = check
  }

  /** Throws `NETWORK_ADDRESS_INVALID`. */
  add(peer: Did, address: string): void {
    this.check(address)
    this.addresses.set(peer, address)
  }

  /** Throws `NETWORK_PEER_UNKNOWN`. */
  addressOf(peer: Did): string {
    const address = this.addresses.get(peer)
    if (address === undefined)
      throw new CodedError('NETWORK_PEER_UNKNOWN', { message: `No address of ${peer} is known` })
    return address
  }
}

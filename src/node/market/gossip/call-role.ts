import type { AuctionCall } from '../../../core/auction/auction-call.ts'
import { commitDeadline } from '../../../core/auction/auction-call.ts'
import { CARD_ADDRESS_LENGTH_MAX, CARD_ADDRESSES_MAX } from '../../../core/market/agent-card.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { durationFromMs } from '../../../base/time.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { CallGossip } from '../../../market/gossip/call-gossip.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import type { Libp2pTransport } from '../../../network/libp2p/libp2p-transport.ts'
import type { Gossip } from '../../../ports/gossip.ts'
import type { Transport } from '../../../ports/transport.ts'
import type { HeardCall } from '../../../wire/v1/read-announcement.ts'
import type { MarketComponents } from '../market-components.ts'

export type CallRoleInit = {
  readonly components: Pick<MarketComponents, 'clock'>
  readonly gossip: Gossip
  /** Where other nodes are. */
  readonly neighbours: Pick<Libp2pTransport, 'tell' | 'blockOf'>
  /** Sockets of this machine: who is connected by one costs its owner more than a key. */
  readonly local: Pick<Transport, 'connectedPeers'>
  readonly network: string
  /** Where this node is reached. */
  readonly addresses: () => readonly string[]
  /** Whether other machines can reach this node at all: without that nobody could bid, and nobody is called. */
  readonly isReached: boolean
}

/** Calls for proposals of a running node: those that it says to everybody, and those that it hears and may bid on. All are passed on, whatever comes of them here. */
export class CallRole {
  private readonly init: CallRoleInit
  private readonly calls: CallGossip
  private role: PartyRole | undefined

  constructor(init: CallRoleInit) {
    this.init = init
    const { gossip, network, components } = init
    const verify = verifySignatureWith(createNodeVerifier())
    this.calls = new CallGossip(
      { gossip, verify, clock: components.clock },
      { network, blockOf: this.blockOf, onCall: (heard, teller) => this.hear(heard, teller) },
    )
  }

  start(): void {
    this.calls.start()
  }

  stop(): void {
    this.calls.stop()
  }

  /** From now on the party's open auctions go to everybody, and its seller hears those of others. */
  serve(role: PartyRole): void {
    this.role = role
    if (this.init.isReached)
      role.buyer.openCalls.announceBy(async (call, text) => await this.announce(role, call, text), this.blockOf)
  }

  private readonly blockOf = (node: Did): string =>
    this.init.local.connectedPeers.includes(node) ? node : this.init.neighbours.blockOf(node)

  private async announce({ party }: PartyRole, call: AuctionCall, text: string): Promise<void> {
    const { components } = this.init
    const leftMs = Math.max(1, commitDeadline(call) - components.clock.now())
    const addresses = this.init
      .addresses()
      .filter((address) => !address.startsWith('/unix/') && address.length <= CARD_ADDRESS_LENGTH_MAX)
    const { bytes } = await party.wallet.say({
      act: `announcement/${call.salt}`,
      type: 'auction-announcement',
      body: { call: text, node: party.components.door.did, addresses: addresses.slice(0, CARD_ADDRESSES_MAX) },
      aud: '*',
      validMs: durationFromMs(leftMs),
    })
    await this.calls.publish(bytes)
  }

  private hear(heard: HeardCall, teller: Did): void {
    const { role } = this
    if (role === undefined) return
    const reach = (node: Did): void => {
      for (const address of heard.addresses) this.init.neighbours.tell(node, { address, teller })
    }
    const ways = { tellerBlock: this.blockOf(teller), blockOf: this.blockOf, reach }
    role.party.begin(async () => void (await role.seller.calls.consider(heard, ways)))
  }
}

import type { Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What it needs of libp2p's own components. */
export type ListenedAddressesComponents = {
  readonly events: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
  readonly addressManager: {
    confirmObservedAddr(address: Multiaddr, options: { readonly type: 'transport' }): void
  }
  readonly transportManager: { getAddrs(): readonly Multiaddr[] }
}

/**
 * Addresses at which this node listens are told to others, public ones too. By itself libp2p keeps a public one back until several others have called it there, which
 * among few nodes never happens; whoever runs this node has said that it listens there. What turns out to be reached by nobody, AutoNAT takes back.
 */
export class ListenedAddresses implements Startable {
  private readonly components: ListenedAddressesComponents
  private readonly said = new Set<string>()

  constructor(components: ListenedAddressesComponents) {
    this.components = components
  }

  start(): void {
    this.components.events.addEventListener('transport:listening', this.confirm)
  }

  afterStart(): void {
    this.confirm()
  }

  stop(): void {
    this.components.events.removeEventListener('transport:listening', this.confirm)
  }

  /** Once for each: what was taken back stays so. */
  private readonly confirm = (): void => {
    const { addressManager, transportManager } = this.components
    for (const address of transportManager.getAddrs()) {
      const text = address.toString()
      if (this.said.has(text)) continue
      this.said.add(text)
      addressManager.confirmObservedAddr(address, { type: 'transport' })
    }
  }
}

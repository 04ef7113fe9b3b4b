/**
 * Questions and answers between nodes that know each other by key: inside one process, and by whatever transport is made of the same frames. It is
 * no way to other machines: that is `kernell-os/network/libp2p`.
 *
 * ```ts
 * import { MemoryNetwork } from 'kernell-os/network'
 *
 * const network = new MemoryNetwork()
 * console.log(typeof network.createTransport) // function
 * ```
 */
export type { FramedTransportComponents, TransportIdentity } from './framed/framed-transport.ts'
export { MemoryNetwork } from './memory/memory-transport.ts'

/**
 * Questions and answers between nodes that know each other by key: inside one process, and between processes of one machine. It is no way to the internet.
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

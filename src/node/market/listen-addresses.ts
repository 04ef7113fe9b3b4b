import { join } from 'node:path'
import { SOCKET_PATH_MAX } from '../../network/local/local-address.ts'
import type { MarketComponents } from './market-components.ts'
import type { MarketInit } from './market-init.ts'

export type ListenParts = {
  readonly components: Pick<MarketComponents, 'directory' | 'network'>
  readonly init: Pick<MarketInit, 'listen'>
}

/** Where a node listens: as whoever starts it says, else as the configuration says, else at a socket in its data directory. */
export function listenOf({ components: { network, directory }, init }: ListenParts): readonly string[] {
  return init.listen ?? (network.listen.length > 0 ? network.listen : socketIn(directory.path))
}

/** Of this machine alone. */
export function isSocket(address: string): boolean {
  return address.startsWith('/unix/')
}

/** A path that is too long for a socket leaves a node that only asks. */
function socketIn(dataDir: string): readonly string[] {
  const path = join(dataDir, 'market.sock')
  return Buffer.byteLength(path) <= SOCKET_PATH_MAX ? [`/unix${path}`] : []
}

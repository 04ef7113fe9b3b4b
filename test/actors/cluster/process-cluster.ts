import { join } from 'node:path'
import { clusterDidOf, type ClusterInit } from '../../../src/node/actors/index.ts'
import { SECRET } from './cluster-world.ts'

export const PROCESS_NAMES = ['a', 'b', 'c'] as const

const keyOf = (name: string): string => name.repeat(64)

/** Node `name` of a cluster whose sockets are in `folder`. */
export function clusterInitOf(name: string, folder: string): ClusterInit {
  const address = (each: string): string => `/unix${join(folder, each)}`
  return {
    name,
    secret: SECRET,
    key: keyOf(name),
    listen: [address(name)],
    peers: PROCESS_NAMES.filter((each) => each !== name).map((each) => ({
      name: each,
      did: clusterDidOf(keyOf(each)),
      address: address(each),
    })),
    heartbeatMs: 250,
  }
}

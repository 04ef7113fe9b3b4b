import { Pool } from 'undici'
import { type HostDemand, lookupOf, pinHost, type ResolveHost } from './pin-host.ts'

export type PoolInit = {
  readonly demand: HostDemand
  readonly resolve: ResolveHost
  readonly connectionsPerOriginMax: number
  readonly connectTimeoutMs: number
}

/** Opens connections to one origin as requests need them, each to addresses that were judged for it. */
export function openPool(origin: string, init: PoolInit): Pool {
  const { demand, resolve } = init
  return new Pool(origin, {
    connections: init.connectionsPerOriginMax,
    pipelining: 1,
    allowH2: false,
    connect: {
      timeout: init.connectTimeoutMs,
      // Asked once for each connection, which then goes to what was looked up and judged here: no later lookup can differ.
      lookup: lookupOf(async (host) => await pinHost(host, { demand, resolve })),
    },
  })
}

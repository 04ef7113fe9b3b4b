import { CodedError } from '../../base/errors.ts'
import type { NetworkConfig } from '../config/node-config.ts'
import type { HealthCheck } from '../kernell-node.ts'
import { readNetworkKey } from '../market/network-key.ts'

const HERE = /^\/(unix\/|ip4\/127\.|ip6\/::1\/)/

/** Who reaches a node by its configuration, and what there holds no water. Nothing where nothing was said: then it is a socket of this machine. */
export function diagnoseNetwork(network: NetworkConfig): readonly HealthCheck[] {
  const { listen, announce, bootstrap, isMdnsOn, isRelay, table, keyFile } = network
  const isSaid =
    listen.length + announce.length + bootstrap.length > 0 || isMdnsOn || isRelay || (table ?? keyFile) !== undefined
  if (!isSaid) return []
  const unusable = keyFile === undefined ? undefined : whyUnusable(keyFile)
  if (unusable !== undefined)
    return [
      {
        name: 'network',
        state: 'failed',
        detail: `the private network has no key: ${unusable}`,
        remedy: `Copy it from another node of that network, or make one: (umask 077; openssl rand -hex 32 > ${keyFile})`,
      },
    ]
  const detail = describe(network)
  const why = whyIdle(network)
  return [
    why === undefined
      ? { name: 'network', state: 'ok', detail }
      : { name: 'network', state: 'warning', detail: `${detail}; ${why.fault}`, remedy: why.remedy },
  ]
}

/** As the node itself would say it at its start. */
function whyUnusable(keyFile: string): string | undefined {
  try {
    readNetworkKey(keyFile).fill(0)
    return undefined
  } catch (error: unknown) {
    if (!CodedError.is(error, 'NETWORK_KEY_INVALID')) throw error
    return error.message
  }
}

function describe({ listen, announce, bootstrap, isMdnsOn, isRelay, table, keyFile }: NetworkConfig): string {
  const beyond = listen.filter((address) => !HERE.test(address))
  const who = keyFile === undefined ? 'everybody' : 'whoever has the key of its private network'
  const reach = beyond.length === 0 ? 'reached from this machine alone' : `${who} may connect at ${beyond.join(', ')}`
  const ways = [
    ...(announce.length > 0 ? [`tells others ${announce.join(', ')}`] : []),
    ...(bootstrap.length > 0 ? [`knows ${bootstrap.length} from the start`] : []),
    ...(isMdnsOn ? ['meets neighbours of the local network'] : []),
    ...(table === undefined ? [] : [`finds nodes by a table (${table})`]),
    ...(isRelay ? ['passes on connections of others'] : []),
  ]
  return [reach, ...ways].join('; ')
}

/** What was switched on and can do nothing. */
function whyIdle({
  listen,
  announce,
  isRelay,
}: NetworkConfig): { readonly fault: string; readonly remedy: string } | undefined {
  if (listen.some((address) => !HERE.test(address))) return undefined
  const remedy = 'Listen where others come in, for example "/ip4/0.0.0.0/tcp/4001" in `network.listen`.'
  if (announce.length > 0) return { fault: 'nothing listens for those whom it tells of an address', remedy }
  return isRelay ? { fault: 'nobody elsewhere reaches it to be passed on', remedy } : undefined
}

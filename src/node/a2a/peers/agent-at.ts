import { createOutboundFetch } from '../../../guard/outbound-fetch.ts'
import type { ResolveHost } from '../../../guard/pin-host.ts'
import type { AgentPeers } from '../../../ports/agent-peers.ts'
import { resolveA2a } from '../../config/resolve-a2a.ts'
import type { NodeConfig } from '../../config/node-config.ts'
import type { AgentPeersComponents } from './agent-peers.ts'
import { createAgentPeers } from './late-agent-peers.ts'

/** What an agent is called that the operator names by its address. */
export const BY_ADDRESS = 'named-by-address'

export type AgentAtComponents = Omit<AgentPeersComponents, 'outbound'> & {
  readonly config: Pick<NodeConfig, 'outbound'>
  readonly resolveHost?: ResolveHost | undefined
}

/**
 * Works with the agent at an address that the operator names, and stands for. The way out leads there alone, and ends with the work.
 *
 * Throws `CONFIG_INVALID` for what is no https address and none on this machine, and as the work does.
 */
export async function workWithAgentAt<Result>(
  { config, resolveHost, ...components }: AgentAtComponents,
  address: string,
  work: (agents: AgentPeers) => Promise<Result>,
): Promise<Result> {
  const { peers } = resolveA2a({ peers: { [BY_ADDRESS]: { card: address } } })
  const resolver = resolveHost === undefined ? {} : { resolve: resolveHost }
  const outbound = createOutboundFetch({ allowedOrigins: [address], ...config.outbound, ...resolver })
  try {
    return await work(createAgentPeers({ ...components, outbound }, peers))
  } finally {
    await outbound.close()
  }
}

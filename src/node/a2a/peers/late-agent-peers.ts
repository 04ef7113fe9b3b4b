import type { AgentPeers } from '../../../ports/agent-peers.ts'
import type { A2aPeerConfig } from '../../config/a2a-config.ts'
import type { AgentPeersComponents } from './agent-peers.ts'

/** The peers of the configuration; what speaks the protocol is loaded with the first question. */
export function createAgentPeers(
  components: AgentPeersComponents,
  peers: Readonly<Record<string, A2aPeerConfig>>,
): AgentPeers {
  let loading: Promise<AgentPeers> | undefined
  const load = async (): Promise<AgentPeers> => {
    const { ConfiguredAgentPeers } = await import('./agent-peers.ts')
    return new ConfiguredAgentPeers(components, peers)
  }
  const loaded = async (): Promise<AgentPeers> => await (loading ??= load())
  return {
    names: Object.keys(peers),
    card: async (peer, options) => await (await loaded()).card(peer, options),
    call: async (peer, task, options) => await (await loaded()).call(peer, task, options),
  }
}

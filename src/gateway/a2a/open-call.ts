import type { A2aCall, NodeA2a } from '../../node/a2a/node-a2a.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { parseRouteControls } from '../../node/control/parse-route-controls.ts'

export const VERSION_HEADER = 'a2a-version'
export const EXTENSIONS_HEADER = 'a2a-extensions'
const EXTENSIONS_MAX = 32

/** What the node does for other agents. Throws `A2A_NOT_OPEN`. */
export async function openA2a({ node, agentSkills }: Pick<GatewayContext, 'node' | 'agentSkills'>): Promise<NodeA2a> {
  return await node.openA2a({ skills: agentSkills })
}

/** Who asks, with the limits of the key and of the headers `x-kernell-*`. Throws `REQUEST_INVALID`. */
export function callFrom({ request, who, signal }: Exchange, context: GatewayContext): A2aCall {
  const { headers } = request
  const version = headers[VERSION_HEADER]
  const extensions = headers[EXTENSIONS_HEADER]
  return {
    caller: who.caller,
    controls: parseRouteControls(headers, { providers: context.providers, keyTiers: who.tiers }),
    isAuthenticated: who.role !== undefined,
    baseUrl: context.baseUrl(),
    isKeyed: context.isKeyed,
    signal,
    ...(typeof version === 'string' && { version: version.trim() }),
    ...(typeof extensions === 'string' && { extensions: readExtensions(extensions) }),
  }
}

function readExtensions(text: string): readonly string[] {
  const uris = text.split(',').map((each) => each.trim())
  return [...new Set(uris)].filter((uri) => uri !== '').slice(0, EXTENSIONS_MAX)
}

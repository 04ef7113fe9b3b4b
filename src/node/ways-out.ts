import { createEgressBroker } from '../guard/egress-broker.ts'
import { createOutboundFetch, type GuardedOutboundFetch } from '../guard/outbound-fetch.ts'
import type { ResolveHost } from '../guard/pin-host.ts'
import { createPublicFetch, type PublicFetch } from '../guard/public-fetch.ts'
import type { Clock } from '../ports/clock.ts'
import type { SandboxEgress } from '../ports/sandbox-runtime.ts'
import { LOCAL_SERVER_ORIGINS } from './ask-local-servers.ts'
import type { NodeConfig } from './config/node-config.ts'

/** The ways by which parts of a node reach the network; there is no other. */
export type WaysOut = {
  /** To what the operator configured. */
  readonly outbound: GuardedOutboundFetch
  /** To any public host, for agents and their tools. */
  readonly web: PublicFetch
  /** To the hosts that the policy of a sandbox names. */
  readonly sandboxEgress: SandboxEgress
}

export type WaysOutInit = {
  readonly config: NodeConfig
  readonly clock: Clock
  readonly resolveHost?: ResolveHost | undefined
  /** Told how each way is closed. */
  readonly closers: (() => Promise<void>)[]
}

/** Opens all three; what is asked of them is judged by one rule. */
export function openWaysOut({ config, clock, resolveHost, closers }: WaysOutInit): WaysOut {
  const resolver = resolveHost === undefined ? {} : { resolve: resolveHost }
  const outbound = createOutboundFetch({ allowedOrigins: allowedOriginsOf(config), ...config.outbound, ...resolver })
  closers.push(() => outbound.close())
  const sandboxEgress = createEgressBroker(resolver)
  closers.push(() => sandboxEgress.close())
  return { outbound, sandboxEgress, web: createPublicFetch({ clock, ...resolver }) }
}

/** The only places the process may connect to by itself: what the operator configured, and this machine's usual model servers while looking for them. */
function allowedOriginsOf(config: NodeConfig): readonly string[] {
  const configured = Object.values(config.providers).flatMap(({ baseUrl }) => (baseUrl === undefined ? [] : [baseUrl]))
  const adviser = config.policy.pro === undefined ? [] : [config.policy.pro.url]
  const agents = Object.values(config.a2a.peers).map(({ card }) => card)
  const hook = config.market.webhook === undefined ? [] : [config.market.webhook]
  const tools = (config.toolServers ?? []).flatMap(({ place }) => (place.kind === 'address' ? [place.url] : []))
  const more = config.isDiscovering ? LOCAL_SERVER_ORIGINS : []
  return [...configured, ...adviser, ...hook, ...agents, ...tools, ...more]
}

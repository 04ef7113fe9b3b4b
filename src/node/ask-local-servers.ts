import { LOCAL_SERVERS, listServedModels, probeLocalServers } from '../models/probe-local-servers.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { NodeConfig, ProviderConfig } from './config/node-config.ts'

/** What the servers of this machine say about themselves at start. */
export type ServedModels = {
  /** Names by provider that was configured without names. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  /** Servers that nobody configured, as providers. */
  readonly found: Readonly<Record<string, ProviderConfig>>
}

/** A server of this machine answers within milliseconds; a longer wait would only slow the start. */
const LIST_TIMEOUT_MS = 1_000

/** Origins that are asked while looking for servers; the guard has to allow them. */
export const LOCAL_SERVER_ORIGINS: readonly string[] = LOCAL_SERVERS.map(({ baseUrl }) => new URL(baseUrl).origin)

/** Asks the local servers which models they serve, all at once. Those that do not answer serve none for now. */
export async function askLocalServers(
  config: NodeConfig,
  outbound: OutboundFetch,
  signal?: AbortSignal,
): Promise<ServedModels> {
  const [listed, found] = await Promise.all([
    listConfigured(config, outbound, signal),
    config.isDiscovering ? discover(config, outbound, signal) : {},
  ])
  return { listed, found }
}

async function listConfigured(
  config: NodeConfig,
  outbound: OutboundFetch,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const unlisted = Object.entries(config.providers).filter(
    ([, provider]) => provider.isLocal && provider.models.length === 0,
  )
  const answers = await Promise.all(
    unlisted.map(async ([name, { baseUrl }]) => {
      if (baseUrl === undefined) return undefined
      // A server that is not running is a fact that `doctor` reports, not a failure of the start.
      const models = await listServedModels(outbound, { baseUrl, timeoutMs: LIST_TIMEOUT_MS, signal }).catch(
        () => undefined,
      )
      return models === undefined ? undefined : ([name, models] as const)
    }),
  )
  signal?.throwIfAborted()
  return new Map(answers.filter((answer) => answer !== undefined))
}

async function discover(
  config: NodeConfig,
  outbound: OutboundFetch,
  signal?: AbortSignal,
): Promise<ServedModels['found']> {
  const known = new Set(Object.values(config.providers).map(({ baseUrl }) => baseUrl?.replace(/\/+$/, '')))
  const servers = LOCAL_SERVERS.filter(({ baseUrl }) => !known.has(baseUrl))
  const probed = await probeLocalServers(outbound, { servers, signal })
  return Object.fromEntries(
    probed.map(({ provider, baseUrl, models }) => [
      provider,
      { kind: 'openai', baseUrl, models, isLocal: true, origin: 'found on this machine' } as const,
    ]),
  )
}

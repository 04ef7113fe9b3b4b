import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { NodeConfig } from './config/node-config.ts'
import { discoverLocalServers, readModelNames, type LocalServer } from './diagnosis/discover-local-servers.ts'

/** What this machine's servers say about themselves at start. */
export type ServedModels = {
  /** Names by configured provider. */
  readonly listed: ReadonlyMap<string, readonly string[]>
  /** Servers that nobody configured. */
  readonly found: readonly LocalServer[]
}

/** A server of this machine answers within milliseconds; a longer wait would only slow the start. */
const LIST_TIMEOUT_MS = 1_000

/** Asks the local servers which models they serve, all at once. Those that do not answer serve none for now. */
export async function listServedModels(
  config: NodeConfig,
  outbound: OutboundFetch,
  signal?: AbortSignal,
): Promise<ServedModels> {
  const local = Object.entries(config.providers).filter(
    ([, provider]) => provider.isLocal && provider.models.length === 0,
  )
  const listing = local.map(async ([name, { baseUrl }]): Promise<readonly [string, readonly string[]] | undefined> => {
    const models = baseUrl === undefined ? undefined : await askForModels(outbound, { baseUrl, signal })
    return models === undefined ? undefined : [name, models]
  })
  const discovering = config.isDiscovering
    ? discoverLocalServers({
        outbound,
        knownBaseUrls: knownBaseUrlsOf(config),
        timeoutMs: LIST_TIMEOUT_MS,
        ...(signal !== undefined && { signal }),
      })
    : []
  const [answered, found] = await Promise.all([Promise.all(listing), discovering])
  return { listed: new Map(answered.filter((entry) => entry !== undefined)), found }
}

function knownBaseUrlsOf(config: NodeConfig): readonly string[] {
  return Object.values(config.providers).flatMap(({ baseUrl }) =>
    baseUrl === undefined ? [] : [baseUrl.replace(/\/+$/, '')],
  )
}

async function askForModels(
  outbound: OutboundFetch,
  { baseUrl, signal }: { readonly baseUrl: string; readonly signal: AbortSignal | undefined },
): Promise<readonly string[] | undefined> {
  try {
    const response = await outbound.request({
      url: `${baseUrl.replace(/\/+$/, '')}/models`,
      method: 'GET',
      headersTimeoutMs: LIST_TIMEOUT_MS,
      idleTimeoutMs: LIST_TIMEOUT_MS,
      signal,
    })
    if (response.status === 200) return readModelNames(JSON.parse(await response.text()))
    response.cancel()
    return undefined
  } catch {
    // A server that is not running is a fact that `doctor` reports, not a failure of the start.
    signal?.throwIfAborted()
    return undefined
  }
}

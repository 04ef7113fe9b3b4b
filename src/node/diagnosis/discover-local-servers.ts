import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { ProviderConfig } from '../config/node-config.ts'

/** A model server that answered on this machine. */
export type LocalServer = { readonly name: string; readonly provider: ProviderConfig }

/** Where the usual servers listen when nothing else is said. */
const USUAL_PLACES = [
  { name: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1' },
  { name: 'lmstudio', baseUrl: 'http://127.0.0.1:1234/v1' },
  { name: 'llama-server', baseUrl: 'http://127.0.0.1:8080/v1' },
  { name: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1' },
] as const

/** Origins that `discoverLocalServers` asks; the guard has to allow them. */
export const LOCAL_SERVER_ORIGINS: readonly string[] = USUAL_PLACES.map(({ baseUrl }) => new URL(baseUrl).origin)

export type DiscoverInit = {
  readonly outbound: OutboundFetch
  /** Addresses that are configured already and need not be asked. */
  readonly knownBaseUrls: readonly string[]
  /** Longest wait for each; a server of this machine answers within a few milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Asks the usual places for their models, all at once. Whoever does not answer like a model server is not one. */
export async function discoverLocalServers(init: DiscoverInit): Promise<readonly LocalServer[]> {
  const asked = USUAL_PLACES.filter(({ baseUrl }) => !init.knownBaseUrls.includes(baseUrl))
  const found = await Promise.all(asked.map(async (place) => await askPlace(place, init)))
  return found.filter((server) => server !== undefined)
}

async function askPlace(
  place: { readonly name: string; readonly baseUrl: string },
  init: DiscoverInit,
): Promise<LocalServer | undefined> {
  try {
    const response = await init.outbound.request({
      url: `${place.baseUrl}/models`,
      method: 'GET',
      headers: { accept: 'application/json' },
      headersTimeoutMs: init.timeoutMs,
      idleTimeoutMs: init.timeoutMs,
      responseBytesMax: 4 * 1024 * 1024,
      signal: init.signal,
    })
    const models = response.status === 200 ? readModelNames(JSON.parse(await response.text())) : undefined
    if (models === undefined) {
      response.cancel()
      return undefined
    }
    return {
      name: place.name,
      provider: { kind: 'openai', baseUrl: place.baseUrl, models, isLocal: true, origin: 'found on this machine' },
    }
  } catch {
    // Nobody listens there, or somebody else does.
    init.signal?.throwIfAborted()
    return undefined
  }
}

/** `{"object":"list","data":[{"id":"..."}]}`; anything else is not the list of a model server. */
export function readModelNames(body: unknown): readonly string[] | undefined {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : undefined
  if (!Array.isArray(data)) return undefined
  const names = data.map((row: unknown) =>
    typeof row === 'object' && row !== null && 'id' in row ? row.id : undefined,
  )
  return names.filter((name): name is string => typeof name === 'string')
}

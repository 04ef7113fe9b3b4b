import type { AbortOptions } from '../ports/abort-options.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import { asArray, asRecord, asString, parseJson } from './json-access.ts'

/** A server on this machine that may serve models. */
export type LocalServer = {
  /** Provider name under which its models are configured. */
  readonly provider: string
  /** Base URL of its OpenAI-compatible interface. */
  readonly baseUrl: string
}

/** Where the usual local servers listen when nobody changed their ports. */
export const LOCAL_SERVERS: readonly LocalServer[] = [
  { provider: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1' },
  { provider: 'llama-server', baseUrl: 'http://127.0.0.1:8080/v1' },
  { provider: 'vllm', baseUrl: 'http://127.0.0.1:8000/v1' },
  { provider: 'lm-studio', baseUrl: 'http://127.0.0.1:1234/v1' },
]

export type ProbedServer = LocalServer & {
  /** Names as the server lists them, in its order. */
  readonly models: readonly string[]
}

/** A local server answers its list at once or is not there. */
const PROBE_TIMEOUT_MS = 400
const LIST_BYTES_MAX = 1_048_576
const MODELS_MAX = 500

/**
 * Asks every server for its models at the same time; those that do not answer a list in time are left out.
 *
 * The origins must be allowed by the outbound fetch. Throws only the signal's reason.
 */
export async function probeLocalServers(
  outbound: OutboundFetch,
  options: AbortOptions & { readonly servers?: readonly LocalServer[]; readonly timeoutMs?: number } = {},
): Promise<readonly ProbedServer[]> {
  const { servers = LOCAL_SERVERS, timeoutMs = PROBE_TIMEOUT_MS, signal } = options
  const probed = await Promise.all(
    servers.map(async (server): Promise<ProbedServer | undefined> => {
      const models = await listServedModels(outbound, { baseUrl: server.baseUrl, timeoutMs, signal }).catch(
        () => undefined,
      )
      return models === undefined ? undefined : { ...server, models }
    }),
  )
  signal?.throwIfAborted()
  return probed.filter((server) => server !== undefined)
}

export type ListServedModelsInit = {
  readonly baseUrl: string
  readonly apiKey?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Names of the models that a server lists under `/models`; `undefined` when it answers something else. Throws the outbound fetch's errors. */
export async function listServedModels(
  outbound: OutboundFetch,
  init: ListServedModelsInit,
): Promise<readonly string[] | undefined> {
  const deadline = new AbortController()
  const timer = setTimeout(
    () => deadline.abort(new DOMException('The server is too slow', 'TimeoutError')),
    init.timeoutMs,
  )
  const signal = init.signal === undefined ? deadline.signal : AbortSignal.any([init.signal, deadline.signal])
  try {
    return await readModelList(outbound, { ...init, signal })
  } finally {
    clearTimeout(timer)
  }
}

async function readModelList(
  outbound: OutboundFetch,
  init: ListServedModelsInit,
): Promise<readonly string[] | undefined> {
  const response = await outbound.request({
    url: `${init.baseUrl.replace(/\/+$/, '')}/models`,
    method: 'GET',
    ...(init.apiKey !== undefined && { headers: { authorization: `Bearer ${init.apiKey}` } }),
    responseBytesMax: LIST_BYTES_MAX,
    signal: init.signal,
  })
  if (response.status !== 200) {
    response.cancel()
    return undefined
  }
  const data = asRecord(parseJson(await response.text()))?.['data']
  if (!Array.isArray(data)) return undefined
  const names: string[] = []
  for (const item of asArray(data).slice(0, MODELS_MAX)) {
    const name = asString(asRecord(item)?.['id'])
    if (name !== undefined && name !== '') names.push(name)
  }
  return names
}

import type { RouteRequest } from '../../../src/ports/router.ts'

export const HELLO = [{ role: 'user' as const, content: 'Say hello' }]

/** The answers are told apart by their seeds: the first has 100. */
export const SEED = 100

export type Asking = { readonly headers?: Record<string, string>; readonly signal?: AbortSignal }

/** A request for several answers. */
export async function ask(url: string, body: object, { headers = {}, signal }: Asking = {}): Promise<Response> {
  return await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'kernell', messages: HELLO, seed: SEED, ...body }),
    ...(signal !== undefined && { signal }),
  })
}

/** Place of the answer that a task is. */
export function placeOf({ request }: Pick<RouteRequest, 'request'>): number {
  return (request.seed ?? SEED) - SEED
}

/** Resolves when so many have arrived. */
export function gateFor(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>()
  let arrived = 0
  return async () => {
    arrived += 1
    if (arrived === count) all.resolve()
    await all.promise
  }
}

/** Rejects with the reason when the signal is aborted; resolves never. */
export async function abortOf(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

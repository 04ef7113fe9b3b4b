import type { UpstreamBehaviour, UpstreamServer } from '../../fixtures/upstream-server.ts'

/** What a client must be able to do against a node, unchanged. */
export const FEATURES = {
  answer: 'whole answer',
  stream: 'stream',
  tools: 'tools and their results',
  parallel: 'parallel tool calls, streamed',
  structured: 'structured output',
  images: 'images',
  choices: 'several answers at once',
  usage: 'usage, whole and streamed',
  abort: 'abort ends the call to the model',
  errors: 'error classes',
  retry: 'retry after the time that was named',
} as const

export type Feature = keyof typeof FEATURES

export type ClientWorld = {
  /** Of the node, without version. */
  readonly url: string
  readonly upstream: UpstreamServer
}

/** A case, or why there is none. */
export type ClientCase = ((world: ClientWorld) => Promise<void>) | { readonly because: string }

export type ClientCases = {
  readonly client: string
  /** The package whose version is shown. */
  readonly package: string
  readonly interface: string
  readonly cases: Readonly<Record<Feature, ClientCase>>
}

export const KEY = 'sk-client'
export const MODEL = 'kernell-cheap'
export const TEXT = 'The lighthouse turns all night, and the dark sea keeps the time.'
export const QUESTION = 'Write a line about the sea at night.'
export const WEATHER_QUESTION = 'How warm is it in Oslo and in Bergen?'
/** A picture of one pixel. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const CITY_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const
export const REPORT_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
} as const
export const REPORT = { city: 'Oslo', degrees: 7 }

const OSLO = { id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }
const BERGEN = { id: 'call_2', name: 'weather', arguments: '{"city":"Bergen"}' }

/** What the tool of these cases knows. */
export function degreesIn(city: string): string {
  return city === 'Oslo' ? '7 degrees' : '9 degrees'
}

/** A model that calls the tool until it has the results. */
export function callTools(upstream: UpstreamServer, cities: 'one' | 'two'): void {
  const toolCalls = cities === 'one' ? [OSLO] : [OSLO, BERGEN]
  upstream.respondWith((call): UpstreamBehaviour => {
    const messages = (call.body?.['messages'] ?? []) as readonly { readonly role: string }[]
    if (messages.some(({ role }) => role === 'tool'))
      return { kind: 'answer', text: 'Seven degrees in Oslo, nine in Bergen.' }
    return { kind: 'answer', toolCalls }
  })
}

type SentMessage = {
  readonly role: string
  readonly content: unknown
  readonly tool_call_id?: string
  readonly tool_calls?: unknown
}

/** The messages of the n-th call to the model. */
export function messagesOf(upstream: UpstreamServer, call: number): readonly SentMessage[] {
  return (upstream.calls[call]?.body?.['messages'] ?? []) as readonly SentMessage[]
}

/** The results of tools that the model got, by the id of the call. */
export function resultsOf(upstream: UpstreamServer, call: number): Readonly<Record<string, unknown>> {
  const results = messagesOf(upstream, call).filter(({ role }) => role === 'tool')
  return Object.fromEntries(results.map(({ tool_call_id, content }) => [tool_call_id, content]))
}

/** The images that the model got. */
export function imagesOf(upstream: UpstreamServer): readonly unknown[] {
  const parts = messagesOf(upstream, 0).flatMap(({ content }) => (Array.isArray(content) ? (content as unknown[]) : []))
  return parts
    .map((part) => (part as { readonly image_url?: { readonly url?: unknown } }).image_url?.url)
    .filter((url) => url !== undefined)
}

/** A model whose answers are numbered, in the order in which they are asked for. */
export function numberAnswers(upstream: UpstreamServer): void {
  upstream.respondWith((_, index): UpstreamBehaviour => ({ kind: 'answer', text: `Line ${index} about the sea.` }))
}

/** What `numberAnswers` makes of so many calls. */
export function numberedAnswers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `Line ${index} about the sea.`)
}

/** A provider that takes no more for a while, once. Returns the milliseconds between the two calls. */
export function limitOnce(upstream: UpstreamServer, retryAfterMs: number): () => number {
  const arrivals: number[] = []
  upstream.respondWith((_, index): UpstreamBehaviour => {
    arrivals.push(performance.now())
    if (index > 0) return { kind: 'answer', text: TEXT }
    const headers = { 'retry-after-ms': String(retryAfterMs) }
    return { kind: 'status', status: 429, body: { error: { message: 'slow down' } }, headers }
  })
  return () => (arrivals[1] ?? Number.NaN) - (arrivals[0] ?? Number.NaN)
}

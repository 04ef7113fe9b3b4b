import { type Json, type JsonObject, objectOf } from './json-value.ts'
import { readEvents, type StreamEvent } from './event-reader.ts'
import { type NodeClient, RequestError } from './node-client.ts'

/** `lost`: no sign of life; it is tried again. `refused`: the token opens nothing any more. */
export type LinkState = 'connecting' | 'open' | 'lost' | 'refused'

export type LinkListener = {
  /** `why` is for people, where there is something to say. */
  onState(state: LinkState, why?: string): void
  onEvent(type: string, data: JsonObject): void
}

/** The node sends a sign of life each second. */
const SILENCE_MS = 1_800
const RETRY_MS = [250, 500, 1_000, 2_000] as const

/** Follows what changes on the node: one stream, opened again whenever it breaks off, from where it broke off. */
export class NodeLink {
  private readonly client: NodeClient
  private readonly listener: LinkListener
  private readonly ending = new AbortController()
  private lastEventId = ''
  private failures = 0

  constructor(client: NodeClient, listener: LinkListener) {
    this.client = client
    this.listener = listener
  }

  start(): void {
    this.listener.onState('connecting')
    this.run().catch(() => this.listener.onState('lost'))
  }

  stop(): void {
    this.ending.abort()
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const failure = await this.follow()
      if (this.ending.signal.aborted) return
      if (failure instanceof RequestError && (failure.status === 401 || failure.status === 403)) {
        this.listener.onState('refused', failure.message)
        return
      }
      this.listener.onState('lost', failure instanceof RequestError ? failure.message : undefined)
      await pause(RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 2_000)
      this.failures += 1
    }
  }

  /** @returns Why it ended. */
  private async follow(): Promise<unknown> {
    const attempt = new AbortController()
    const end = (): void => attempt.abort()
    this.ending.signal.addEventListener('abort', end, { once: true })
    let silence = setTimeout(end, SILENCE_MS * 2)
    try {
      const headers: Record<string, string> = this.lastEventId === '' ? {} : { 'last-event-id': this.lastEventId }
      const response = await this.client.open('/v1/node/events', { signal: attempt.signal }, headers)
      if (response.body === null) return undefined
      this.failures = 0
      this.listener.onState('open')
      for await (const event of readEvents(response.body)) {
        clearTimeout(silence)
        silence = setTimeout(end, SILENCE_MS)
        this.take(event)
      }
      return undefined
    } catch (error: unknown) {
      return error
    } finally {
      clearTimeout(silence)
      this.ending.signal.removeEventListener('abort', end)
      end()
    }
  }

  private take({ id, type, data }: StreamEvent): void {
    this.lastEventId = id
    this.listener.onEvent(type, objectOf(parse(data)))
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

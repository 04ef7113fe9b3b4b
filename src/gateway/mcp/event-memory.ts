import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'

/** Of one session; what is older cannot be asked for again. */
const EVENTS_MAX = 256
const CHARS_MAX = 1024 * 1024

type KeptEvent = {
  readonly id: string
  readonly stream: string
  readonly message: JSONRPCMessage
  readonly chars: number
}

/**
 * The last events of a session, so that a caller whose connection broke gets what it missed. Bounded by number and by size: of a session that says
 * more, the oldest are forgotten.
 */
export class EventMemory implements EventStore {
  private events: KeptEvent[] = []
  private chars = 0
  private count = 0

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    this.count += 1
    const id = this.count.toString(36)
    const { length: chars } = JSON.stringify(message)
    this.events.push({ id, stream, message, chars })
    this.chars += chars
    while (this.events.length > 1 && (this.events.length > EVENTS_MAX || this.chars > CHARS_MAX))
      this.chars -= this.events.shift()?.chars ?? 0
    return await Promise.resolve(id)
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return await Promise.resolve(this.events.find((event) => event.id === id)?.stream)
  }

  async replayEventsAfter(
    lastId: string,
    { send }: { readonly send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const at = this.events.findIndex(({ id }) => id === lastId)
    const stream = this.events[at]?.stream
    if (stream === undefined) throw new RangeError('That event is not known any more')
    for (const event of this.events.slice(at + 1))
      if (event.stream === stream && 'jsonrpc' in event.message) await send(event.id, event.message)
    return stream
  }
}

import { CodedError } from '../base/errors.ts'
import { sha256HexOfBytes } from '../base/sha256.ts'
import type { Hash } from '../core/evidence/names.ts'
import { GOSSIP_BYTES_MAX, type GossipSubscriber, type GossipMessage, type GossipVerdict } from '../ports/gossip.ts'

/** Name of a payload. */
export function gossipIdOf(data: Uint8Array): Hash {
  return sha256HexOfBytes(data) as Hash
}

/** The topics of one node and who listens to them. */
export class GossipTopics {
  readonly names: readonly string[]
  private readonly subscribers = new Map<string, GossipSubscriber>()

  constructor(names: readonly string[]) {
    this.names = [...new Set(names)]
  }

  /** Throws `RangeError`. */
  add(topic: string, subscriber: GossipSubscriber): void {
    this.check(topic)
    if (this.subscribers.has(topic)) throw new RangeError(`${topic} has a subscriber already`)
    this.subscribers.set(topic, subscriber)
  }

  remove(topic: string, subscriber: GossipSubscriber): boolean {
    return this.subscribers.get(topic) === subscriber && this.subscribers.delete(topic)
  }

  subscribed(): Iterable<string> {
    return this.subscribers.keys()
  }

  has(topic: string): boolean {
    return this.subscribers.has(topic)
  }

  /** Throws `RangeError` for a topic that was not named, `NETWORK_BODY_TOO_LARGE`. */
  checkPublished(topic: string, data: Uint8Array): void {
    this.check(topic)
    if (data.byteLength > GOSSIP_BYTES_MAX)
      throw new CodedError('NETWORK_BODY_TOO_LARGE', { message: `${data.byteLength} bytes for everybody` })
  }

  async judge(topic: string, message: GossipMessage): Promise<GossipVerdict> {
    if (message.data.byteLength > GOSSIP_BYTES_MAX) return 'reject'
    try {
      return (await this.subscribers.get(topic)?.judge(message)) ?? 'ignore'
    } catch {
      return 'ignore'
    }
  }

  receive(topic: string, message: GossipMessage): void {
    this.subscribers.get(topic)?.receive(message)
  }

  private check(topic: string): void {
    if (!this.names.includes(topic)) throw new RangeError(`${topic} is no topic of this node`)
  }
}

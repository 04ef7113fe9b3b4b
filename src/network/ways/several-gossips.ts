import type { Did } from '../../core/evidence/names.ts'
import type { Gossip, GossipMessage, GossipSubscriber, GossipVerdict } from '../../ports/gossip.ts'
import { GossipTopics } from '../gossip-topics.ts'

/** Messages that are remembered to have been passed on to the other networks. */
const SEEN_MAX = 4_096

/**
 * Several networks of one process as one: what is heard in one of them, and accepted, is told in the others that have the topic. So notaries among themselves and nodes of
 * the market hear the same.
 */
export class SeveralGossips implements Gossip {
  readonly topics: readonly string[]
  private readonly networks: readonly Gossip[]
  private readonly listening: GossipTopics
  private readonly seen = new Set<string>()

  constructor(networks: readonly Gossip[]) {
    this.networks = networks
    this.topics = [...new Set(networks.flatMap(({ topics }) => topics))]
    this.listening = new GossipTopics(this.topics)
  }

  peersOf(topic: string): readonly Did[] {
    return [...new Set(this.having(topic).flatMap((network) => network.peersOf(topic)))]
  }

  subscribe(topic: string, subscriber: GossipSubscriber): () => void {
    this.listening.add(topic, subscriber)
    const ends = this.having(topic).map((network) =>
      network.subscribe(topic, {
        judge: async (message) => await this.judge(topic, message),
        receive: (message) => this.hear(topic, { network, message }),
      }),
    )
    return () => {
      if (!this.listening.remove(topic, subscriber)) return
      for (const end of ends) end()
    }
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    this.listening.checkPublished(topic, data)
    await Promise.all(this.having(topic).map(async (network) => await network.publish(topic, data)))
  }

  /** What was passed on already is right, and no news to the subscriber. */
  private async judge(topic: string, message: GossipMessage): Promise<GossipVerdict> {
    return this.seen.has(message.id) ? 'accept' : await this.listening.judge(topic, message)
  }

  private hear(topic: string, { network, message }: { network: Gossip; message: GossipMessage }): void {
    if (this.seen.has(message.id)) return
    this.seen.add(message.id)
    const [oldest] = this.seen
    if (oldest !== undefined && this.seen.size > SEEN_MAX) this.seen.delete(oldest)
    this.listening.receive(topic, message)
    for (const other of this.having(topic))
      // A network that has closed hears nothing more, which is nobody's loss here.
      if (other !== network) other.publish(topic, message.data).catch(() => undefined)
  }

  private having(topic: string): readonly Gossip[] {
    return this.networks.filter(({ topics }) => topics.includes(topic))
  }
}

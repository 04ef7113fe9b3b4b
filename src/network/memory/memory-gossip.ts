import type { Did } from '../../core/evidence/names.ts'
import type { Gossip, GossipMessage, GossipSubscriber } from '../../ports/gossip.ts'
import { gossipIdOf, GossipTopics } from '../gossip-topics.ts'

/** Messages that a node remembers to have seen. */
const SEEN_MAX = 4_096

/** Gossip between nodes of one process: each is the neighbour of all others. */
export class MemoryGossipNetwork {
  private readonly nodes: MemoryGossip[] = []

  createGossip(did: Did, topics: readonly string[]): Gossip {
    const node = new MemoryGossip({ did, topics, others: () => this.nodes.filter((other) => other.did !== did) })
    this.nodes.push(node)
    return node
  }
}

type MemoryGossipInit = {
  readonly did: Did
  readonly topics: readonly string[]
  readonly others: () => readonly MemoryGossip[]
}

class MemoryGossip implements Gossip {
  readonly did: Did
  private readonly others: () => readonly MemoryGossip[]
  private readonly listening: GossipTopics
  private readonly seen = new Set<string>()

  constructor({ did, topics, others }: MemoryGossipInit) {
    this.did = did
    this.others = others
    this.listening = new GossipTopics(topics)
  }

  get topics(): readonly string[] {
    return this.listening.names
  }

  peersOf(topic: string): readonly Did[] {
    return this.listenersTo(topic).map(({ did }) => did)
  }

  subscribe(topic: string, subscriber: GossipSubscriber): () => void {
    this.listening.add(topic, subscriber)
    return () => void this.listening.remove(topic, subscriber)
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    this.listening.checkPublished(topic, data)
    const copy = data.slice()
    if (this.isNew(gossipIdOf(copy))) this.passOn(topic, copy)
  }

  private passOn(topic: string, data: Uint8Array): void {
    for (const other of this.listenersTo(topic)) queueMicrotask(() => void other.hear(topic, data, this.did))
  }

  private async hear(topic: string, data: Uint8Array, from: Did): Promise<void> {
    const message: GossipMessage = { id: gossipIdOf(data), from, data: data.slice() }
    if (!this.isNew(message.id) || !this.listening.has(topic)) return
    if ((await this.listening.judge(topic, message)) !== 'accept') return
    this.listening.receive(topic, message)
    this.passOn(topic, data)
  }

  private listenersTo(topic: string): readonly MemoryGossip[] {
    return this.others().filter(({ listening }) => listening.has(topic))
  }

  private isNew(id: string): boolean {
    if (this.seen.has(id)) return false
    this.seen.add(id)
    if (this.seen.size > SEEN_MAX) for (const oldest of [...this.seen].slice(0, 1)) this.seen.delete(oldest)
    return true
  }
}

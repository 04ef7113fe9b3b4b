import {
  type GossipSub,
  gossipsub,
  type GossipsubMessage,
  type GossipsubOpts,
  StrictNoSign,
  TopicValidatorResult,
} from '@libp2p/gossipsub'
import { createPeerScoreParams, createTopicScoreParams } from '@libp2p/gossipsub/score'
import { CodedError } from '../../base/errors.ts'
import { bytesOfHex } from '../../base/hex.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Gossip, GossipMessage, GossipSubscriber, GossipVerdict } from '../../ports/gossip.ts'
import { gossipIdOf, GossipTopics } from '../gossip-topics.ts'
import {
  GOSSIP_CONTROL_MAX,
  GOSSIP_MESSAGES_MAX,
  GOSSIP_QUEUE_BYTES_MAX,
  GOSSIP_RPC_BYTES_MAX,
  GOSSIP_TOPIC_BYTES_MAX,
  GOSSIP_STREAMS_MAX,
} from './limits.ts'
import { didOfPeerId } from './peer-identity.ts'

export type Libp2pGossipComponents = {
  /** A neighbour passed on what it could have seen to be wrong. */
  readonly onRejected: (peer: Did) => void
  /** Points of a peer for its other conduct. */
  readonly pointsOf: (peerId: string) => number
}

type Meshed = { getMeshPeers(topic: string): readonly string[] }

const VERDICTS: Readonly<Record<GossipVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

/**
 * Gossip over gossipsub 1.2. Messages carry no name of an author: a signature, where it matters, is inside the payload and is judged there. A topic that was
 * not named is neither subscribed nor remembered, whatever neighbours say of it.
 */
export class Libp2pGossip implements Gossip {
  private readonly listening: GossipTopics
  private readonly components: Libp2pGossipComponents
  private pubsub: GossipSub | undefined

  constructor(topics: readonly string[], components: Libp2pGossipComponents) {
    this.listening = new GossipTopics(topics)
    this.components = components
  }

  get topics(): readonly string[] {
    return this.listening.names
  }

  /** What the libp2p node is made with. */
  service(): ReturnType<typeof gossipsub> {
    return gossipsub(optionsOf(this.topics, this.components))
  }

  /** From now on messages go and come over `pubsub`, which was started. */
  attach(pubsub: GossipSub): void {
    this.pubsub = pubsub
    pubsub.addEventListener('gossipsub:message', ({ detail }) => this.received(detail))
    for (const topic of this.listening.subscribed()) this.join(topic)
  }

  detach(): void {
    this.pubsub = undefined
  }

  peersOf(topic: string): readonly Did[] {
    const peers = this.pubsub?.getSubscribers(topic) ?? []
    return peers.flatMap((peer) => didOfPeerId(peer) ?? [])
  }

  /** Those of them to whom a message goes on at once; the others hear of it later, or not at all. */
  meshOf(topic: string): readonly string[] {
    // The package's own class has it, its published interface does not.
    const pubsub: (GossipSub & Partial<Meshed>) | undefined = this.pubsub
    return pubsub?.getMeshPeers?.(topic) ?? []
  }

  subscribe(topic: string, subscriber: GossipSubscriber): () => void {
    this.listening.add(topic, subscriber)
    this.join(topic)
    return () => {
      if (!this.listening.remove(topic, subscriber)) return
      this.pubsub?.unsubscribe(topic)
      this.pubsub?.topicValidators.delete(topic)
    }
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    this.listening.checkPublished(topic, data)
    if (this.pubsub === undefined) throw new CodedError('NETWORK_CLOSED', { message: 'The transport is not running' })
    await this.pubsub.publish(topic, data)
  }

  private join(topic: string): void {
    const { pubsub } = this
    if (pubsub === undefined) return
    pubsub.topicValidators.set(topic, async (peer, { data }) => {
      const from = didOfPeerId(peer)
      if (from === undefined) return TopicValidatorResult.Ignore
      const verdict = await this.listening.judge(topic, messageOf(from, data))
      if (verdict === 'reject') this.components.onRejected(from)
      return VERDICTS[verdict]
    })
    pubsub.subscribe(topic)
  }

  private received({ propagationSource, msg }: GossipsubMessage): void {
    const from = didOfPeerId(propagationSource)
    if (from !== undefined) this.listening.receive(msg.topic, messageOf(from, msg.data))
  }
}

function messageOf(from: Did, data: Uint8Array): GossipMessage {
  return { id: gossipIdOf(data), from, data }
}

/** A topic of announcements: few messages, so that nobody is punished for passing on few; wrong ones weigh by their square. */
const TOPIC_SCORE = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -5,
  invalidMessageDeliveriesDecay: 0.99,
})

function optionsOf(topics: readonly string[], { pointsOf }: Libp2pGossipComponents): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: ({ data }) => bytesOfHex(gossipIdOf(data)),
    allowedTopics: [...topics],
    emitSelf: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    awaitRpcMessageHandler: true,
    doPX: false,
    maxInboundStreams: GOSSIP_STREAMS_MAX,
    maxOutboundStreams: GOSSIP_STREAMS_MAX,
    maxOutboundBufferSize: GOSSIP_QUEUE_BYTES_MAX,
    maxInboundDataLength: GOSSIP_RPC_BYTES_MAX,
    maxTopicBytesPerPeer: GOSSIP_TOPIC_BYTES_MAX,
    decodeRpcLimits: {
      maxSubscriptions: topics.length + 16,
      maxMessages: GOSSIP_MESSAGES_MAX,
      maxIhaveMessageIDs: GOSSIP_CONTROL_MAX,
      maxIwantMessageIDs: GOSSIP_CONTROL_MAX,
      maxIdontwantMessageIDs: GOSSIP_CONTROL_MAX,
      maxControlMessages: GOSSIP_CONTROL_MAX,
      maxPeerInfos: 16,
    },
    scoreParams: createPeerScoreParams({
      topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC_SCORE])),
      appSpecificScore: pointsOf,
      appSpecificWeight: 1,
      // Nodes of a trial share this machine's addresses.
      IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
    }),
  }
}

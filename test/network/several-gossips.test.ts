import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { gossipIdOf } from '../../src/network/gossip-topics.ts'
import { SeveralGossips } from '../../src/network/ways/several-gossips.ts'
import type { Gossip, GossipSubscriber, GossipVerdict } from '../../src/ports/gossip.ts'
import { identityOf } from './identities.ts'

const [BOTH, LEFT_ONLY] = ['/test/both/1.0.0', '/test/left/1.0.0']
const { did: FROM } = identityOf(9)
/** Messages that are remembered, as its own file says. */
const SEEN_MAX = 4_096

/** One network as its only node sees it: what others say there, and what is said to them. */
class OneNetwork implements Gossip {
  readonly topics: readonly string[]
  readonly said: (readonly [string, string])[] = []
  readonly subscribers = new Map<string, GossipSubscriber>()
  isClosed = false

  constructor(topics: readonly string[]) {
    this.topics = topics
  }

  peersOf(): readonly Did[] {
    return [FROM]
  }

  subscribe(topic: string, subscriber: GossipSubscriber): () => void {
    this.subscribers.set(topic, subscriber)
    return () => void this.subscribers.delete(topic)
  }

  async publish(topic: string, data: Uint8Array): Promise<void> {
    if (this.isClosed) throw new CodedError('NETWORK_CLOSED', { message: 'closed' })
    this.said.push([topic, new TextDecoder().decode(data)])
    await Promise.resolve()
  }

  /** A neighbour passes something on. @returns The verdict; `undefined` where nobody listens. */
  async hear(text: string, topic = BOTH): Promise<GossipVerdict | undefined> {
    const data = new TextEncoder().encode(text)
    const message = { id: gossipIdOf(data), from: FROM, data }
    const subscriber = this.subscribers.get(topic)
    const verdict = await subscriber?.judge(message)
    if (verdict === 'accept') subscriber?.receive(message)
    return verdict
  }
}

function join(verdictOf: (text: string) => GossipVerdict = () => 'accept') {
  const [left, right] = [new OneNetwork([BOTH, LEFT_ONLY]), new OneNetwork([BOTH])]
  const several = new SeveralGossips([left, right])
  const [judged, heard]: [string[], string[]] = [[], []]
  const subscriber: GossipSubscriber = {
    judge: ({ data }) => {
      const text = new TextDecoder().decode(data)
      judged.push(text)
      return verdictOf(text)
    },
    receive: ({ data }) => void heard.push(new TextDecoder().decode(data)),
  }
  return { left, right, several, judged, heard, subscriber }
}

describe('several networks as one', () => {
  it('tell in the others what was heard in one, and not where it came from', async () => {
    const { left, right, several, subscriber, heard } = join()
    several.subscribe(BOTH, subscriber)
    await left.hear('news')
    expect([left.said, right.said, heard]).toEqual([[], [[BOTH, 'news']], ['news']])
  })

  it('hear once what comes from both, and pass it on in either without judging it again', async () => {
    const { left, right, several, subscriber, judged, heard } = join()
    several.subscribe(BOTH, subscriber)
    expect([await left.hear('news'), await right.hear('news')]).toEqual(['accept', 'accept'])
    expect([judged, heard, left.said]).toEqual([['news'], ['news'], []])
  })

  it('tell nobody what was ignored or rejected, and judge it when it comes again', async () => {
    const { left, right, several, subscriber, judged } = join((text) => (text === 'old' ? 'ignore' : 'reject'))
    several.subscribe(BOTH, subscriber)
    expect([await left.hear('old'), await left.hear('wrong'), await right.hear('wrong')]).toEqual([
      'ignore',
      'reject',
      'reject',
    ])
    expect([judged, left.said, right.said]).toEqual([['old', 'wrong', 'wrong'], [], []])
  })

  it('keep a topic within the networks that have it', async () => {
    const { left, right, several, subscriber } = join()
    several.subscribe(LEFT_ONLY, subscriber)
    await left.hear('news', LEFT_ONLY)
    await several.publish(LEFT_ONLY, new TextEncoder().encode('own'))
    expect([left.said, right.said]).toEqual([[[LEFT_ONLY, 'own']], []])
    expect([...right.subscribers.keys()]).toEqual([])
  })

  it('lose nothing where one of them has closed', async () => {
    const { left, right, several, subscriber, heard } = join()
    several.subscribe(BOTH, subscriber)
    right.isClosed = true
    expect(await left.hear('news')).toBe('accept')
    expect(heard).toEqual(['news'])
  })

  it('forget what was said first', async () => {
    const { left, several, subscriber, heard } = join()
    several.subscribe(BOTH, subscriber)
    for (let at = 0; at <= SEEN_MAX; at += 1) await left.hear(`news ${at}`)
    await left.hear('news 1')
    await left.hear('news 0')
    expect(heard.slice(SEEN_MAX + 1)).toEqual(['news 0'])
  })

  it('hear nothing more once the subscriber has ended', async () => {
    const { left, right, several, subscriber } = join()
    several.subscribe(BOTH, subscriber)()
    expect([await left.hear('news'), await right.hear('news')]).toEqual([undefined, undefined])
  })
})

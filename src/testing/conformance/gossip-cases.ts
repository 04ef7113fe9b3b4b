import { CodedError } from '../../base/errors.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import { GOSSIP_BYTES_MAX, type Gossip, type GossipMessage, type GossipVerdict } from '../../ports/gossip.ts'
import { type ConformanceCase, expectRejection, expectSame } from './conformance-case.ts'

/** Three nodes with `GOSSIP_TOPIC`, of which `near` and `third` know each other through `far` at most. */
export type GossipLine = {
  readonly near: Gossip
  readonly far: Gossip
  readonly third: Gossip
  /** Resolves when neighbours know who listens to the topic. */
  readonly untilKnown: () => Promise<void>
}

/** The topic of the suite: the nodes of a line are opened with it alone, since another one must be refused. */
export const GOSSIP_TOPIC = '/kernell/test-gossip/1.0.0'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

type Heard = { readonly texts: string[]; readonly next: () => Promise<GossipMessage>; readonly end: () => void }

/** Subscribes, and judges by the first letter of a payload: `r` is rejected, `i` ignored. */
function listen(gossip: Gossip): Heard {
  const texts: string[] = []
  const heard: GossipMessage[] = []
  const waiting: ((message: GossipMessage) => void)[] = []
  const judge = ({ data }: GossipMessage): GossipVerdict => {
    if (data[0] === bytes('r')[0]) return 'reject'
    return data[0] === bytes('i')[0] ? 'ignore' : 'accept'
  }
  const receive = (message: GossipMessage): void => {
    texts.push(new TextDecoder().decode(message.data))
    const next = waiting.shift()
    if (next === undefined) heard.push(message)
    else next(message)
  }
  const next = async (): Promise<GossipMessage> =>
    heard.shift() ?? (await new Promise<GossipMessage>((resolve) => waiting.push(resolve)))
  return { texts, next, end: gossip.subscribe(GOSSIP_TOPIC, { judge, receive }) }
}

/** Promises of the Gossip port. */
export const GOSSIP_CASES: readonly ConformanceCase<GossipLine>[] = [
  {
    name: 'a payload reaches everybody who listens, named by its hash, and not its author',
    run: async ({ near, far, third, untilKnown }) => {
      const [own, one, other] = [listen(near), listen(far), listen(third)]
      await untilKnown()
      await near.publish(GOSSIP_TOPIC, bytes('hello'))
      for (const { next } of [one, other]) {
        const { id, data } = await next()
        expectSame(data, bytes('hello'), 'payload')
        expectSame(id, sha256HexOfBytes(data), 'name')
      }
      expectSame(own.texts, [], 'the author')
    },
  },
  {
    name: 'what is rejected or ignored is not received, and not passed on',
    run: async ({ near, far, third, untilKnown }) => {
      const [one, other] = [listen(far), listen(third)]
      listen(near)
      await untilKnown()
      for (const text of ['reject', 'ignore', 'good']) await near.publish(GOSSIP_TOPIC, bytes(text))
      await Promise.all([one.next(), other.next()])
      expectSame([one.texts, other.texts], [['good'], ['good']], 'received')
    },
  },
  {
    name: 'the same payload is received once, whoever says it again',
    run: async ({ near, far, third, untilKnown }) => {
      const one = listen(far)
      listen(near)
      listen(third)
      await untilKnown()
      await near.publish(GOSSIP_TOPIC, bytes('once'))
      await one.next()
      for (const again of [near, third]) await again.publish(GOSSIP_TOPIC, bytes('once'))
      await near.publish(GOSSIP_TOPIC, bytes('last'))
      await one.next()
      expectSame(one.texts, ['once', 'last'], 'received')
    },
  },
  {
    name: 'a payload that is too large is refused, the largest one arrives',
    run: async ({ near, far, third, untilKnown }) => {
      const one = listen(far)
      listen(near)
      listen(third)
      await untilKnown()
      const isTooLarge = (error: unknown): boolean => CodedError.is(error, 'NETWORK_BODY_TOO_LARGE')
      const larger = async (): Promise<unknown> =>
        await near.publish(GOSSIP_TOPIC, new Uint8Array(GOSSIP_BYTES_MAX + 1))
      await expectRejection(larger, isTooLarge, 'larger')
      await near.publish(GOSSIP_TOPIC, new Uint8Array(GOSSIP_BYTES_MAX).fill(7))
      expectSame((await one.next()).data.byteLength, GOSSIP_BYTES_MAX, 'largest')
    },
  },
  {
    name: 'a topic that was not named is refused, and each has one subscriber',
    run: async ({ near }) => {
      const isRange = (error: unknown): boolean => error instanceof RangeError
      const { end } = listen(near)
      await expectRejection(async () => listen(near), isRange, 'second subscriber')
      end()
      listen(near)
      const other = '/kernell/other/1.0.0'
      await expectRejection(async () => await near.publish(other, bytes('a')), isRange, 'other topic')
      const subscriber = { judge: (): GossipVerdict => 'accept', receive: () => {} }
      await expectRejection(async () => near.subscribe(other, subscriber), isRange, 'other subscription')
    },
  },
  {
    name: 'whoever has ended a subscription hears nothing more',
    run: async ({ near, far, third, untilKnown }) => {
      const [one, other] = [listen(far), listen(third)]
      listen(near)
      await untilKnown()
      await far.publish(GOSSIP_TOPIC, bytes('first'))
      await other.next()
      other.end()
      await near.publish(GOSSIP_TOPIC, bytes('second'))
      await one.next()
      expectSame([one.texts, other.texts], [['second'], ['first']], 'received')
    },
  },
]

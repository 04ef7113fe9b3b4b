import { describe, expect, it } from 'vitest'
import type { Did } from '../../src/core/evidence/names.ts'
import type { ByteChannel, ChannelEvents } from '../../src/network/framed/byte-channel.ts'
import { type ChannelDriver, FramedTransport } from '../../src/network/framed/framed-transport.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { encodeFrame, type Frame, FrameReader, type FrameType } from '../../src/wire/v1/frames.ts'
import { identityOf } from './identities.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const MEGABYTE = 1_048_576
const own = identityOf(2)
const others = [1, 3, 4, 5, 6, 7].map((number) => identityOf(number).did)
/** A node whose name comes before that of this one, so that its connections are preferred. */
const smaller = others.find((did) => did < own.did) ?? own.did
const larger = others.find((did) => did > own.did) ?? own.did

/** A channel whose other end is the test: it says when bytes are taken, and reads the frames that came. */
class HeldChannel implements ByteChannel {
  readonly peer: Did
  readonly sent: Uint8Array[] = []
  waitingBytes = 0
  isHeld = false
  isClosed = false
  events: ChannelEvents | undefined

  constructor(peer: Did) {
    this.peer = peer
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes)
    if (this.isHeld) this.waitingBytes += bytes.byteLength
  }

  close(): void {
    this.isClosed = true
  }

  drain(): void {
    this.waitingBytes = 0
    this.events?.onDrain()
  }

  say(type: FrameType, correlation = 0n, body = new Uint8Array(0)): void {
    this.events?.onBytes(encodeFrame({ type, correlation, credit: type === 'answer' ? 1 : 0, body }))
  }

  ask(correlation: bigint): void {
    this.say('request', correlation, Uint8Array.from([PROTOCOL.length, ...Buffer.from(PROTOCOL)]))
  }

  frames(): readonly Frame[] {
    return [...new FrameReader(2 * MEGABYTE).push(Buffer.concat(this.sent))]
  }

  typed(type: FrameType): readonly Frame[] {
    return this.frames().filter((each) => each.type === type)
  }
}

/** Stands still until it is told how much has passed. */
class HeldClock {
  private readonly waiting: { readonly endMs: number; readonly controller: AbortController }[] = []
  private nowMs = 0

  /** That were asked for so far. */
  get signals(): number {
    return this.waiting.length
  }

  monotonicMs(): number {
    return this.nowMs
  }

  timeoutSignal(delayMs: number): AbortSignal {
    const controller = new AbortController()
    this.waiting.push({ endMs: this.nowMs + delayMs, controller })
    return controller.signal
  }

  pass(spanMs: number): void {
    this.nowMs += spanMs
    for (const { endMs, controller } of this.waiting)
      if (endMs <= this.nowMs && !controller.signal.aborted) controller.abort(new Error('time is up'))
  }
}

type Made = {
  readonly transport: FramedTransport
  readonly clock: HeldClock
  readonly ends: { readonly peer: Did; readonly code: string }[]
  /** Somebody connects. */
  readonly connect: (peer: Did) => Promise<HeldChannel>
  /** Channels that were dialled. */
  readonly dialed: HeldChannel[]
}

async function make(): Promise<Made> {
  let accept: ((channel: ByteChannel) => ChannelEvents) | undefined
  const clock = new HeldClock()
  const ends: { readonly peer: Did; readonly code: string }[] = []
  const dialed: HeldChannel[] = []
  const driver: ChannelDriver = {
    addPeer: () => {},
    dial: async (peer, take) => {
      const channel = new HeldChannel(peer)
      dialed.push(channel)
      channel.events = take(channel)
    },
    listen: async (take) => {
      accept = take
      return []
    },
    onEnd: (peer, { code }) => void ends.push({ peer, code }),
    stop: async () => {},
  }
  const transport = new FramedTransport({ identity: own, clock, random: createSystemRandom() }, driver)
  await transport.start()
  const connect = async (peer: Did): Promise<HeldChannel> => {
    const channel = new HeldChannel(peer)
    channel.events = accept?.(channel)
    await settle()
    return channel
  }
  return { transport, clock, ends, connect, dialed }
}

/** Lets everything that can happen by itself happen. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

const question = (bytes = 1) => ({ protocol: PROTOCOL, body: new Uint8Array(bytes), timeoutMs: 1_000_000 })

describe('a connection whose other side is known', () => {
  it('greets nobody, and takes no greeting', async () => {
    const { connect, ends, transport } = await make()
    const channel = await connect(smaller)
    expect(transport.connectedPeers).toEqual([smaller])
    channel.say('hello')
    expect([channel.sent.length, channel.isClosed, ends[0]?.code]).toEqual([0, true, 'NETWORK_FRAME_INVALID'])
  })

  it('is refused where somebody else was wanted, and where it leads to this node', async () => {
    const { connect, transport, ends } = await make()
    const channel = await connect(own.did)
    expect([channel.isClosed, transport.connectedPeers, ends[0]?.code]).toEqual([true, [], 'NETWORK_PEER_WRONG'])
  })

  it('asks the clock once for all questions that wait equally long: a signal for each would outlive it by far', async () => {
    const { connect, transport, clock } = await make()
    const channel = await connect(smaller)
    const before = clock.signals
    const answers = Array.from({ length: 50 }, async () => await transport.request(smaller, question()))
    await settle()
    for (const { correlation } of channel.typed('request')) channel.say('answer', correlation)
    expect(await Promise.all(answers)).toHaveLength(50)
    expect(clock.signals - before).toBe(1)
    await transport.stop()
  })

  it('hands a signal to a handler that asks for it, before and after the asker has given up', async () => {
    const { connect, transport } = await make()
    const given: { signal: AbortSignal }[] = []
    transport.handle(PROTOCOL, async (_question, options) => {
      given.push(options)
      return await new Promise<never>(() => undefined)
    })
    const channel = await connect(smaller)
    channel.ask(1n)
    channel.ask(2n)
    const early = given[0]?.signal
    for (const correlation of [1n, 2n]) channel.say('cancel', correlation)
    expect([early?.aborted, given[0]?.signal === early, given[1]?.signal.aborted]).toEqual([true, true, true])
    expect(given[1]?.signal.reason).toMatchObject({ code: 'NETWORK_CLOSED' })
    await transport.stop()
  })

  it('sends what is asked in one turn in one write', async () => {
    const { connect, transport } = await make()
    const channel = await connect(smaller)
    for (let count = 0; count < 10; count += 1) transport.request(smaller, question()).catch(() => {})
    await settle()
    expect([channel.sent.length, channel.typed('request').length]).toEqual([1, 10])
    await transport.stop()
  })
})

describe('a side that does not read', () => {
  it('is asked nothing more until it does', async () => {
    const { connect, transport } = await make()
    const channel = await connect(smaller)
    channel.isHeld = true
    for (let count = 0; count < 5; count += 1) transport.request(smaller, question(MEGABYTE)).catch(() => {})
    await settle()
    expect(channel.typed('request').length).toBe(1)
    channel.drain()
    await settle()
    expect(channel.typed('request').length).toBe(2)
    await transport.stop()
  })

  it('keeps the places of its questions until their answers are on their way', async () => {
    const { connect, transport, ends } = await make()
    transport.handle(PROTOCOL, async () => new Uint8Array(MEGABYTE))
    const channel = await connect(smaller)
    channel.isHeld = true
    for (let correlation = 1n; correlation <= 64n; correlation += 1n) channel.ask(correlation)
    await settle()
    expect(channel.typed('answer').length).toBe(1)
    channel.ask(65n)
    expect(ends).toEqual([])
    channel.ask(66n)
    expect(ends).toEqual([{ peer: smaller, code: 'NETWORK_FRAME_INVALID' }])
  })

  it('is cut off after a minute in which it read nothing, and not while it reads slowly', async () => {
    const { connect, transport, clock, ends } = await make()
    transport.handle(PROTOCOL, async () => new Uint8Array(MEGABYTE))
    const channel = await connect(smaller)
    channel.isHeld = true
    channel.ask(1n)
    channel.ask(2n)
    await settle()
    channel.waitingBytes -= 10
    clock.pass(60_000)
    expect(ends).toEqual([])
    clock.pass(60_000)
    expect(ends).toEqual([{ peer: smaller, code: 'NETWORK_OVERLOADED' }])
  })

  it('loses its connection when all together hold too much and it holds most', async () => {
    const { connect, transport, ends } = await make()
    transport.handle(PROTOCOL, async () => new Uint8Array(MEGABYTE))
    const channels = [await connect(smaller), await connect(larger)]
    for (let count = 10; count < 14; count += 1) channels.push(await connect(identityOf(count).did))
    for (const [index, channel] of channels.entries()) {
      channel.isHeld = true
      for (let correlation = 1n; correlation <= (index === 0 ? 10n : 60n); correlation += 1n) channel.ask(correlation)
      await settle()
    }
    expect(ends.map(({ code }) => code)).toEqual(['NETWORK_OVERLOADED'])
    expect(transport.connectedPeers).toContain(smaller)
  })
})

describe('two connections to one node', () => {
  it('end as one: that of the smaller name, once what was asked on the other is answered', async () => {
    const { connect, transport, dialed } = await make()
    const peer = smaller
    const asked = transport.request(peer, question())
    await settle()
    const [ours] = dialed
    const theirs = await connect(peer)
    expect(ours?.typed('goodbye').length).toBe(1)
    ours?.say('goodbye')
    expect(ours?.isClosed).toBe(false)
    ours?.say('answer', 1n, Uint8Array.of(5))
    expect(await asked).toEqual(Uint8Array.of(5))
    expect([ours?.isClosed, theirs.isClosed]).toEqual([true, false])
    transport.request(peer, question()).catch(() => {})
    await settle()
    expect(theirs.typed('request').length).toBe(1)
    await transport.stop()
  })

  it('by the same node end as the later one, since it has given up the earlier', async () => {
    const { connect, transport } = await make()
    const [first, second] = [await connect(smaller), await connect(smaller)]
    transport.request(smaller, question()).catch(() => {})
    await settle()
    expect([first.typed('request').length, second.typed('request').length]).toEqual([0, 1])
    await transport.stop()
  })

  it('are opened anew when the other side says goodbye on the only one', async () => {
    const { connect, transport, dialed } = await make()
    const channel = await connect(smaller)
    channel.say('goodbye')
    transport.request(smaller, question()).catch(() => {})
    await settle()
    expect([channel.typed('request').length, dialed.length]).toEqual([0, 1])
    await transport.stop()
  })

  it('are no use to a node that says goodbye twice', async () => {
    const { connect, ends } = await make()
    const channel = await connect(smaller)
    channel.say('goodbye')
    channel.say('goodbye')
    expect(ends[0]?.code).toBe('NETWORK_FRAME_INVALID')
  })
})

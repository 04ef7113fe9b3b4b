import { afterEach, describe, expect, test } from 'vitest'
import { createLink, ThreadEnd } from '../../../src/actors/threads/thread-links.ts'
import { createThreadBoard } from '../../../src/actors/threads/thread-board.ts'
import type { ChannelWriter } from '../../../src/actors/threads/channel-writer.ts'
import { CodedError } from '../../../src/base/errors.ts'

type Received = readonly [target: number, incarnation: number, event: unknown]

const open: ThreadEnd[] = []
afterEach(() => {
  for (const end of open.splice(0)) end.close()
})

/** Both ends on one thread: everything but the processor is as it is between two. */
function createPair(usesSharedMemory: boolean): {
  writer: ChannelWriter
  received: Received[]
  start: () => void
  until: (count: number) => Promise<void>
} {
  const board = usesSharedMemory ? new SharedArrayBuffer(createThreadBoard(2).words.byteLength) : undefined
  const received: Received[] = []
  let wanted = Infinity
  let tell: () => void = () => {}
  const take = (target: number, incarnation: number, event: unknown): void => {
    received.push([target, incarnation, event])
    if (received.length >= wanted) tell()
  }
  const receiver = { receive: take, receiveControl: (message: unknown) => take(0, 0, message) }
  const [left, right] = createLink(0, 1, { usesSharedMemory, ringBytes: 4_096 })
  const ends = [0, 1].map((thread) => new ThreadEnd({ thread, board, receiver: () => receiver }))
  const [sender, taker] = ends
  if (sender === undefined || taker === undefined) throw new TypeError('two ends')
  open.push(sender, taker)
  sender.connect(left)
  taker.connect(right)
  sender.pump.start()
  const writer = sender.writerTo(1)
  if (writer === undefined) throw new TypeError('no writer')
  return {
    writer,
    received,
    start: () => taker.pump.start(),
    until: async (count) => {
      if (received.length >= count) return
      await new Promise<void>((resolve) => {
        wanted = count
        tell = resolve
      })
    },
  }
}

class Money {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

describe.each([
  ['a ring in shared memory', true],
  ['batches through a port', false],
])('events by %s', (_name, usesSharedMemory) => {
  test('arrive in order whatever they are', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    start()
    const sent: Received[] = []
    for (let number = 0; number < 3_000; number += 1) {
      const event = [
        { type: 'count', number },
        { type: 'text', number, text: 'Zürich' },
        { type: 'large', number, bytes: new Uint8Array(20_000).fill(number) },
        { type: 'class', number, money: new Money(1n) },
        { type: 'count', number: String(number) },
      ][number % 5]
      sent.push([1 + (number % 7), number, structuredClone(event)])
      while (!writer.send(1 + (number % 7), number, event)) await writer.whenWritable()
    }
    await until(sent.length)
    expect(received).toEqual(sent)
  })

  test('a receiver that is slow fills the way, and events are refused; when it goes on, all that were taken arrive', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    let taken = 0
    while (writer.send(1, 1, { type: 'count', number: taken })) taken += 1
    expect(taken).toBeGreaterThan(100_000)
    expect(writer.isWritable).toBe(false)
    // What threads tell each other about actors is taken all the same.
    writer.sendControl({ about: 'an actor' })
    const writable = writer.whenWritable()
    start()
    await writable
    expect(writer.isWritable).toBe(true)
    expect(writer.send(1, 1, { type: 'count', number: taken })).toBe(true)
    await until(taken + 2)
    expect(received.at(-2)).toEqual([0, 0, { about: 'an actor' }])
    expect(received.filter(([target]) => target === 1).map(([, , event]) => event)).toEqual(
      Array.from({ length: taken + 1 }, (_, number) => ({ type: 'count', number })),
    )
  })

  test('messages that may be many are refused as events are', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    let taken = 0
    while (writer.trySendControl({ type: 'emitted', number: taken, text: 'x'.repeat(100) })) taken += 1
    expect(taken).toBeGreaterThan(10_000)
    writer.sendControl({ about: 'an actor' })
    start()
    await until(taken + 1)
    expect(writer.trySendControl({ type: 'emitted', number: taken })).toBe(true)
    await until(taken + 2)
    expect(received.at(-1)).toEqual([0, 0, { type: 'emitted', number: taken }])
  })

  test('large events on the way are bounded too', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    const bytes = new Uint8Array(2 ** 23)
    let taken = 0
    while (writer.send(1, 1, { type: 'large', bytes })) taken += 1
    expect(taken).toBe(8)
    start()
    await writer.whenWritable()
    expect(writer.send(1, 1, { type: 'large', bytes })).toBe(true)
    await until(9)
    expect(received.length).toBe(9)
  })

  test('one that only the port could find wrong names its field, and those after it arrive', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    start()
    const event = { type: 'x', deep: [new Money(1n), { promise: Promise.resolve() }] }
    let thrown: unknown
    try {
      writer.send(1, 1, event)
    } catch (error: unknown) {
      thrown = error
    }
    expect(CodedError.is(thrown, 'ACTOR_EVENT_NOT_CLONEABLE') && thrown.details).toEqual({ path: 'deep[1].promise' })
    writer.send(1, 1, { type: 'x', deep: [new Money(2n)] })
    writer.send(1, 1, { type: 'x', deep: 3 })
    await until(2)
    expect(received.map(([, , value]) => value)).toEqual([
      { type: 'x', deep: [{ nanos: 2n }] },
      { type: 'x', deep: 3 },
    ])
  })

  test('events are as they were when they were sent', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    const event = { type: 'x', list: [1] }
    writer.send(1, 1, event)
    event.list.push(2)
    start()
    await until(1)
    expect(received[0]?.[2]).toEqual({ type: 'x', list: [1] })
  })

  test('a number that became a text is a text, and the other way round', async () => {
    const { writer, received, start, until } = createPair(usesSharedMemory)
    start()
    const events = [
      { type: 'x', a: 1, b: 2 },
      { type: 'x', a: 1, b: 'two' },
      { type: 'x', a: Number.NaN, b: -0 },
      { type: 'x', b: 1, a: 2 },
      { type: 'x', a: 1, b: 2, c: 3 },
      { type: 'x', a: 1 },
      { type: 'x' },
      { type: 'x' },
      { a: 1, type: 'x' },
      { a: 1, type: 'x' },
    ]
    for (const event of events) writer.send(1, 1, event)
    await until(events.length)
    const arrived = received.map(([, , event]) => event)
    expect(arrived).toStrictEqual(events)
    expect(arrived.map((event) => Object.keys(event as object))).toEqual(events.map((event) => Object.keys(event)))
  })
})

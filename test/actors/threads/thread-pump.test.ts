import { afterEach, describe, expect, test } from 'vitest'
import { createLink, ThreadEnd } from '../../../src/actors/threads/thread-links.ts'
import {
  AWAKE,
  boardIndex,
  createThreadBoard,
  PARKED,
  RUNG,
  STATE_WORD,
} from '../../../src/actors/threads/thread-board.ts'

const open: ThreadEnd[] = []
afterEach(() => {
  for (const end of open.splice(0)) end.close()
})

/** Both ends on one thread. The asker's loop runs; the other's is the test. */
function createAsker(): {
  asker: ThreadEnd
  other: ThreadEnd
  answer: (number: number) => void
  received: unknown[]
  state: () => number
  parked: () => Promise<void>
  until: (count: number) => Promise<void>
} {
  const board = new SharedArrayBuffer(createThreadBoard(2).words.byteLength)
  const words = new Int32Array(board)
  const received: unknown[] = []
  const receiver = {
    receive: (_target: number, _incarnation: number, event: unknown): void => void received.push(event),
    receiveControl: (): void => {},
  }
  const [left, right] = createLink(0, 1, { usesSharedMemory: true, ringBytes: 4_096 })
  const [asker, other] = [0, 1].map((thread) => new ThreadEnd({ thread, board, receiver: () => receiver }))
  if (asker === undefined || other === undefined) throw new TypeError('two ends')
  open.push(asker, other)
  asker.connect(left)
  other.connect(right)
  asker.pump.start()
  const state = (): number => Atomics.load(words, boardIndex(0, STATE_WORD))
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  return {
    asker,
    other,
    received,
    state,
    answer: (number) => {
      const writer = other.writerTo(0)
      writer?.send(1, 1, { type: 'answer', number })
      writer?.flush()
    },
    parked: async () => await until(() => state() === PARKED),
    until: async (count) => await until(() => received.length >= count),
  }
}

describe('a thread that waits for an answer', () => {
  test('looks for it awake, so that who answers need not wake it', async () => {
    const { asker, answer, received, state, parked, until } = createAsker()
    await parked()
    asker.pump.expectAnswer()
    expect(state()).toBe(AWAKE)
    answer(1)
    expect(state()).toBe(AWAKE)
    await Promise.resolve()
    await Promise.resolve()
    expect(received).toEqual([{ type: 'answer', number: 1 }])
    // It parks again, on the wait that it left behind, and is woken from that.
    for (let number = 2; number < 10; number += 1) {
      await parked()
      answer(number)
      expect(state()).toBe(RUNG)
      await until(number)
      if (number % 3 !== 0) continue
      await parked()
      asker.pump.expectAnswer()
    }
  })

  test('that is woken while it looks parks again, and is woken from that too', async () => {
    const { asker, answer, state, parked, until } = createAsker()
    await parked()
    answer(1)
    expect(state()).toBe(RUNG)
    asker.pump.expectAnswer()
    expect(state()).toBe(AWAKE)
    await until(1)
    await parked()
    answer(2)
    await until(2)
  })

  test('shows what it asks at once', async () => {
    const { asker, other, parked, received } = createAsker()
    await parked()
    asker.writerTo(1)?.send(1, 1, { type: 'question' })
    other.drain()
    expect(received).toEqual([])
    asker.pump.expectAnswer()
    other.drain()
    expect(received).toEqual([{ type: 'question' }])
  })
})
